# The tower without a database: give it DATABASE_URL, DATABASE_OWNER_URL and TOREN_KEY_PEPPER.
# Runs as an ordinary user on a read-only file system: docker run --read-only --tmpfs /tmp ...
# Another base, from a registry of your own: docker build --build-arg BASE=...
ARG BASE=python:3.13-slim-bookworm
FROM ${BASE} AS build
WORKDIR /toren
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM ${BASE}
RUN useradd --system --uid 10001 --no-create-home toren
WORKDIR /toren
COPY --from=build /venv /venv
COPY alembic.ini ./
COPY migrations migrations
COPY app app
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TOREN_HOST=0.0.0.0
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
