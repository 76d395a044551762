"""The list of units by care setting, organisation or trouble; the choice stands in the address."""

from datetime import timedelta

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from tests import make
from tests.dashboard.test_page import Outline
from tests.overview.lay import a_stop, flowed, told

DAY = timedelta(days=1)


async def test_the_list_of_units_is_narrowed_by_its_address(
    client: AsyncClient, session: AsyncSession
) -> None:
    await make.a_unit(session, "reo-vol")
    await make.a_unit(session, "reo-ruim")
    await make.a_unit(session, "huis-stop", "huis", careSetting="nursing-home")
    for unit, occupied in (("reo-vol", 9), ("reo-ruim", 1), ("huis-stop", 1)):
        await told(session, unit, staffed=9, occupied=occupied, reserved=0)
        for back in range(2, 30):
            since = make.now() - back * DAY
            await flowed(session, unit, "requests", 0, since, DAY)
    await a_stop(session, "huis-stop")
    key = await make.a_key(session, organisation="rtp", audience="coordinator")

    async def listed(query: str) -> tuple[set[str | None], str]:
        page = Outline((await client.get(f"/?{query}", headers=key)).text)
        return {row["data-unit"] for row in page.all("tr") if "data-unit" in row}, page.text

    everything, _text = await listed("")
    homes, _text = await listed("soort=nursing-home")
    of_reo, _text = await listed("aanbieder=reo")
    trouble, said = await listed("alleen=aandacht")
    nothing, none = await listed("soort=hospice")

    assert everything == {"reo-vol", "reo-ruim", "huis-stop"}
    assert homes == {"huis-stop"}
    assert of_reo == {"reo-vol", "reo-ruim"}
    assert trouble == {"reo-vol", "huis-stop"}
    assert "2 van 3 afdelingen" in said
    assert nothing == set()
    assert "Geen afdeling past bij deze keuze." in none
