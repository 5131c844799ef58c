"""The SDK's door: `Client`, and the resources behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, overload
from urllib.parse import quote

from tensorkiln.datasets import Dataset
from tensorkiln.homes import service_url
from tensorkiln.jobs import Job, Validation
from tensorkiln.models import Model
from tensorkiln.pages import Page
from tensorkiln.retry import Retry
from tensorkiln.transport import Transport


class Client:
    """A connection to a Tensorkiln service. Thread-safe; close it, or use it in a `with`.

    base_url: default KILN_URL, else that of the `kiln up` that runs on this machine's KILN_HOME,
        else http://127.0.0.1:8712
    timeout_s: the longest single wait for the network
    retry: how failures that may pass are retried; every POST carries an Idempotency-Key, so that is safe
    """

    def __init__(
        self, base_url: str | None = None, *, timeout_s: float = 15.0, retry: Retry | None = None
    ) -> None:
        url, _ = service_url(base_url)
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"base_url must start with http:// or https://, not {url!r}")
        self._transport = Transport(url, timeout_s=timeout_s, retry=retry)
        self.jobs = Jobs(self._transport)
        self.models = Models(self._transport)
        self.datasets = Datasets(self._transport)

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    def system(self) -> dict[str, Any]:
        """Version, devices, backends, limits and queue depth of the service."""
        return self._transport.get("/v1/system")

    def layers(self) -> list["Ingredient"]:
        return self._catalogue("layers")

    def optimizers(self) -> list["Ingredient"]:
        return self._catalogue("optimizers")

    def losses(self) -> list["Ingredient"]:
        return self._catalogue("losses")

    def schedulers(self) -> list["Ingredient"]:
        return self._catalogue("schedulers")

    def transforms(self) -> list["Ingredient"]:
        return self._catalogue("transforms")

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _catalogue(self, kind: str) -> list["Ingredient"]:
        return [Ingredient.parse(item) for item in self._transport.get(f"/v1/{kind}")["data"]]


@dataclass(frozen=True)
class Ingredient:
    """Something that a definition can name. schema: JSON Schema 2020-12 of its arguments.
    kind: of a layer, `module` or `function`."""

    type: str
    summary: str
    schema: dict[str, Any]
    kind: str | None = None

    @classmethod
    def parse(cls, sent: Mapping[str, Any]) -> Self:
        return cls(
            type=sent["type"],
            summary=sent.get("summary", ""),
            schema=sent.get("schema", {}),
            kind=sent.get("kind"),
        )


def _path(resource: str, name: str) -> str:
    return f"/v1/{resource}/{quote(name, safe='')}"


class Jobs:
    """`client.jobs`"""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @overload
    def create(
        self,
        job: Mapping[str, Any] | None = None,
        *,
        validate_only: Literal[False] = False,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Job: ...

    @overload
    def create(
        self,
        job: Mapping[str, Any] | None = None,
        *,
        validate_only: Literal[True],
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Validation: ...

    def create(
        self,
        job: Mapping[str, Any] | None = None,
        *,
        validate_only: bool = False,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Job | Validation:
        """Submit a job: a mapping, keyword arguments, or both (the keywords win).

        With validate_only nothing is stored; the answer is the job as the service understands it
        and what it will cost. Raises Invalid with every problem and its place.
        """
        body = {**(job or {}), **fields}
        if isinstance(model := body.get("model"), Model):
            body["model"] = model.id
        if validate_only:
            body["validate_only"] = True
        sent = self._transport.request("POST", "/v1/jobs", json=body, idempotency_key=idempotency_key)
        return Validation.parse(sent) if validate_only else Job.attached(sent, self._transport)

    def get(self, job_id: str) -> Job:
        return Job.attached(self._transport.get(_path("jobs", job_id)), self._transport)

    def list(self, *, state: str | None = None, limit: int | None = None, **filters: Any) -> Page[Job]:
        """Newest first. `limit` is the size of a page; iterating goes through all pages."""
        return Page.walk(
            lambda after: self._transport.get("/v1/jobs", after=after, limit=limit, state=state, **filters),
            lambda item: Job.attached(item, self._transport),
        )

    def cancel(self, job_id: str) -> Job:
        """Raises Conflict if the job has ended already."""
        sent = self._transport.request("POST", _path("jobs", job_id) + "/cancel")
        return Job.attached(sent, self._transport)


class Models:
    """`client.models`"""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, definition: Mapping[str, Any], *, idempotency_key: str | None = None) -> Model:
        """Keep a definition. The same content twice is the same model. Raises Invalid."""
        sent = self._transport.request(
            "POST", "/v1/models", json=dict(definition), idempotency_key=idempotency_key
        )
        return Model.parse(sent)

    def get(self, model_id: str) -> Model:
        return Model.parse(self._transport.get(_path("models", model_id)))

    def list(self, *, limit: int | None = None, **filters: Any) -> Page[Model]:
        return Page.walk(
            lambda after: self._transport.get("/v1/models", after=after, limit=limit, **filters), Model.parse
        )

    def delete(self, model_id: str) -> None:
        self._transport.request("DELETE", _path("models", model_id))


class Datasets:
    """`client.datasets`"""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, name: str) -> Dataset:
        return Dataset.parse(self._transport.get(_path("datasets", name)))

    def list(self, *, limit: int | None = None) -> Page[Dataset]:
        return Page.walk(
            lambda after: self._transport.get("/v1/datasets", after=after, limit=limit), Dataset.parse
        )
