"""A link as a QR code, for the camera of a phone (ISO/IEC 18004, by segno)."""

import segno
from markupsafe import Markup

QUIET = 4  # light modules around it, as the standard asks


def scanned(link: str) -> Markup:
    """Dark on light in either theme: a camera does not read it the other way round."""
    code = segno.make_qr(link, error="m")
    drawn = code.svg_inline(
        border=QUIET,
        dark="#17212c",
        light="#ffffff",
        svgclass="scan",
        lineclass=None,
        omitsize=True,
    )
    # The words beside it hold the same link.
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704
