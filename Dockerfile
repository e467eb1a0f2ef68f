# One image for every process: docker-compose.yml starts the same commands that `outcry up` does.
FROM python:3.13-slim-bookworm AS environment
WORKDIR /app
COPY deploy ./deploy
COPY requirements.lock ./
# The same installer as `make up`: exactly the lock, checked by hash.
RUN python deploy/bootstrap.py run

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /home/outcry --shell /usr/sbin/nologin outcry \
    && install -d -o outcry -g outcry -m 0700 /var/lib/outcry
WORKDIR /app
COPY --from=environment /app/.venv ./.venv
COPY . .
RUN .venv/bin/python -m compileall -q agents api config db mcp_servers openoutcry orchestrator outcry sandbox simulator wire workers
RUN .venv/bin/python -m deploy.warm
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OUTCRY_HOME=/var/lib/outcry
USER outcry
VOLUME /var/lib/outcry
CMD ["outcry", "--help"]
