"""Validates archives with roc-validator, whose check of the context asks the network: it gets the copy of the package `rocrate`."""

import json
import sys
from importlib.resources import files
from io import BytesIO
from unittest import mock

import requests
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings

CONTEXT = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()


def respond(self, method, url, **kwargs):
    response = requests.Response()
    response.url = url
    if not url.startswith("https://w3id.org/ro/crate/1.1"):
        raise requests.ConnectionError(f"nothing is asked of {url}")
    response.status_code = 200
    response.raw = BytesIO(CONTEXT)
    response.headers["Content-Type"] = "application/ld+json"
    return response


def open_url(request, *args, **kwargs):
    body = BytesIO(CONTEXT)
    body.headers = {"Content-Type": "application/ld+json"}
    body.info = lambda: body.headers
    body.geturl = lambda: "https://w3id.org/ro/crate/1.1/context"
    body.url = body.geturl()
    return body


with mock.patch("requests.sessions.Session.request", respond), mock.patch("urllib.request.urlopen", open_url), mock.patch(
    "rdflib.plugins.shared.jsonld.util._urlopen", open_url, create=True
):
    for archive in sys.argv[1:]:
        settings = ValidationSettings(
            rocrate_uri=archive, profile_identifier="ro-crate-1.1", requirement_severity=Severity.RECOMMENDED
        )
        result = services.validate(settings)
        issues = [{"severity": issue.severity.name, "message": issue.message} for issue in result.get_issues()]
        print(json.dumps({"passed": result.passed(Severity.REQUIRED), "issues": issues}))
