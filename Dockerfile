# The install steps are the Makefile's own, so that an image and a clone hold the same thing.
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends make
WORKDIR /srv/diary
COPY Makefile requirements.lock ./
RUN make install
COPY . .
RUN make install && python -m compileall -q app

FROM python:3.11-slim
# pg_dump and pg_restore, for the nightly backup; never older than the server that they speak to.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*
ENV PATH=/srv/diary/.venv/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --system --home-dir /srv/diary --shell /usr/sbin/nologin diary \
 && install --directory --owner=diary --group=diary /srv/diary/var /srv/diary/backups \
    /srv/diary/heads /srv/diary/heads-key
WORKDIR /srv/diary
COPY --from=build /srv/diary ./
USER diary
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0"]
