# Stage one builds the wheel and a virtual environment with its dependencies. Stage two copies that
# environment and nothing else: pip, compilers and sources stay behind.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY larst larst
# Wheels only, so that nothing is compiled; openapi-ui-bundles is published as a source archive alone
# and holds no code to compile.
# --no-compile, then a run of the contract's suite: the image carries the bytecode of the modules that
# serving imports, and an image that cannot answer requests is never finished.
RUN pip wheel --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/larst \
    && pip --python /opt/larst/bin/python install --no-compile --only-binary=:all: --no-binary=openapi-ui-bundles -c constraints.txt /wheels/*.whl \
    && /opt/larst/bin/larst eval --only contract

FROM python:3.13-slim-bookworm
COPY --from=build /opt/larst /opt/larst
# The uid is fixed, so that the owner of a mounted directory can be set in advance.
RUN groupadd --gid 10001 larst \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin larst \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
# A container answers to addresses and localhost; set LARS_ALLOWED_HOSTS to its other names.
# PYTHONMALLOC=malloc: memory of sleeping sessions goes back to the system; see larst/runtime.
ENV PATH=/opt/larst/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONMALLOC=malloc \
    PYTHONUNBUFFERED=1 \
    SANDBOX_DATA_ROOT=/data \
    LARS_HOST=0.0.0.0
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as http; http.urlopen('http://127.0.0.1:' + (os.environ.get('LARS_PORT') or '8000') + '/healthz', timeout=2)"]
ENTRYPOINT ["larst"]
CMD ["serve"]
