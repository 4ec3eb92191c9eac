# The wheel and everything it needs go into one virtual environment; the tools that made it stay here.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY larst larst
RUN pip wheel --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/larst \
    && /opt/larst/bin/pip install --only-binary=:all: -c constraints.txt /wheels/*.whl

FROM python:3.13-slim-bookworm
COPY --from=build /opt/larst /opt/larst
# The uid is fixed, so that whoever mounts a directory knows whose it must be.
RUN groupadd --gid 10001 larst \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin larst \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
ENV PATH=/opt/larst/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
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
