# The tap alone, for schedulers that start containers:
#   docker build --build-arg VERSION=1.2.3 --tag tap-pardot .
FROM python:3.13-slim AS build
# The context has no git data, from which the version is read otherwise.
ARG VERSION=0.0.0
ENV SETUPTOOLS_SCM_PRETEND_VERSION=$VERSION
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY tap_pardot tap_pardot
RUN python -m venv --without-pip /opt/tap \
    && python -m pip --python /opt/tap/bin/python install --no-cache-dir .

FROM python:3.13-slim
COPY --from=build /opt/tap /opt/tap
ENV PATH=/opt/tap/bin:$PATH
# A number, so that a scheduler can see that it is not root.
USER 10001:10001
ENTRYPOINT ["tap-pardot"]
CMD ["--help"]
