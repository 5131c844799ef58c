# One image for every process of ours: `python -m service`, `python -m workers`, `python -m migrations`.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# what builds the native core; it stays behind with this stage
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN python -m venv --without-pip /opt/kiln
WORKDIR /src
# the packages before the sources: they change less often, and stay cached
COPY requirements/run.txt requirements/
RUN pip --python /opt/kiln/bin/python install --require-hashes --only-binary :all: -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY engine engine
COPY service service
COPY workers workers
COPY migrations migrations
COPY tensorkiln tensorkiln
RUN pip --python /opt/kiln/bin/python install --no-deps --no-build-isolation . \
 && pip --python /opt/kiln/bin/python uninstall --yes hatchling editables trove-classifiers cmake nanobind ninja

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Tensorkiln" org.opencontainers.image.licenses="Apache-2.0"
# /var/lib/kiln must be kiln's in the image: a new volume mounted there takes its owner over
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/kiln --create-home --shell /usr/sbin/nologin kiln
COPY --from=build /opt/kiln /opt/kiln
ENV PATH=/opt/kiln/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KILN_HOME=/var/lib/kiln
USER kiln
WORKDIR /var/lib/kiln
EXPOSE 8712
CMD ["python", "-m", "service"]
