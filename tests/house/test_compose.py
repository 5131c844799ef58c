"""docker-compose.yml, Dockerfile and .env.example: valid, closed by default, and in step with one another."""

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from service.settings import Settings
from tests.compose import FILE, MissingVariable, read, starting_order

ROOT = FILE.parent
PASSWORDS = {"POSTGRES_PASSWORD": "one", "REDIS_PASSWORD": "two"}
OURS = ["migrate", "api", "worker", "worker-gpu"]


@pytest.fixture(scope="module")
def services():
    return read(PASSWORDS)["services"]


def test_the_file_fits_the_compose_schema():
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("missing", PASSWORDS)
def test_it_does_not_start_without_a_password(missing):
    with pytest.raises(MissingVariable, match=f"{missing}: set it in .env"):
        read({**PASSWORDS, missing: ""})


def test_env_example_names_every_variable_and_gives_no_password():
    example = (ROOT / ".env.example").read_text()
    used = set(re.findall(r"\$\{(\w+)", FILE.read_text())) - {"KILN_IMAGE_TAG"}
    assert used == set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))
    for name in PASSWORDS:
        assert re.search(rf"^{name}=$", example, re.MULTILINE)


def test_only_the_api_is_published_and_on_loopback(services):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8712:8712"]}


def test_database_and_broker_can_not_be_reached_from_outside(services):
    assert read(PASSWORDS)["networks"]["inside"] == {"internal": True}
    assert services["db"]["networks"] == services["redis"]["networks"] == ["inside"]
    assert services["redis"]["command"][1:3] == ["--requirepass", "two"]


@pytest.mark.parametrize("name", OURS)
def test_our_processes_share_one_image_and_have_no_privileges(services, name):
    service = services[name]
    assert service["image"] == services["api"]["image"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", ["api", "worker", "worker-gpu"])
def test_api_and_workers_share_the_home_that_holds_the_blobs(services, name):
    assert f"home:{services[name]['environment']['KILN_HOME']}" in services[name]["volumes"]


@pytest.mark.parametrize("name", ["db", "redis", "api", "worker", "worker-gpu"])
def test_what_runs_on_has_a_health_check_and_comes_back(services, name):
    assert services[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert services[name]["restart"] == "unless-stopped"


def test_the_schema_is_migrated_once_before_anything_uses_it(services):
    assert services["migrate"]["restart"] == "no"
    for name in ("api", "worker", "worker-gpu"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    order = starting_order(services)
    assert order.index("db") < order.index("migrate") < order.index("api")


def test_who_is_waited_for_until_healthy_has_a_health_check(services):
    for service in services.values():
        for name, dependency in service.get("depends_on", {}).items():
            assert dependency["condition"] != "service_healthy" or "healthcheck" in services[name]


def test_only_the_gpu_worker_is_optional_and_reserves_a_gpu(services):
    assert {name: service["profiles"] for name, service in services.items() if "profiles" in service} == {
        "worker-gpu": ["gpu"]
    }
    (device,) = services["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_every_volume_that_is_mounted_by_name_is_declared(services):
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert mounted == set(read(PASSWORDS)["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_every_variable_that_it_sets_is_a_setting(services, name):
    known = {f"KILN_{field}".upper() for field in Settings.model_fields}
    assert set(services[name]["environment"]) <= known


def dockerfile_stages():
    """The Dockerfile's instructions, stage by stage, each a (word, rest)."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    starts = [number for number, (word, _) in enumerate(lines) if word == "FROM"]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def test_the_image_is_slim_and_its_last_stage_installs_nothing():
    stages = dockerfile_stages()
    assert len(stages) == 2
    bases = {stage[0][1].split()[0] for stage in stages}
    assert len(bases) == 1, "the environment's interpreter must be the same in both stages"
    assert "-slim" in bases.pop()
    assert not re.search(
        r"\b(pip|apt-get|gcc)\b", " ".join(rest for word, rest in stages[1] if word == "RUN")
    )


def test_the_image_runs_as_a_user_of_its_own():
    users = [rest for word, rest in dockerfile_stages()[-1] if word == "USER"]
    assert users == ["kiln"]


def test_the_image_installs_by_hash():
    runs = [rest for word, rest in dockerfile_stages()[0] if word == "RUN"]
    installs = [rest for rest in runs if rest.startswith("pip ") and " install " in rest]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]


def test_what_the_image_copies_is_there_and_reaches_the_builder():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for word, rest in dockerfile_stages()[0]:
        if word == "COPY":
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(fnmatch(source, pattern) for pattern in allowed), source
