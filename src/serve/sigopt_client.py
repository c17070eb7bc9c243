"""Sends what sigopt-python 8.8 sends, helper by helper, and checks what it needs of each answer.

The client itself is not here; this follows the description of its requests: Basic authentication
with an empty password, Content-Type on every request, booleans in a query as True and False, the
method MERGE with X-Response-Content: skip, null for None, GET before each loop.
"""

import base64
import http.client
import json
import os
import sys
import urllib.parse

address = urllib.parse.urlparse(os.environ["FRUGAL_URL"])
TOKEN = os.environ["FRUGAL_TOKEN"]
connection = http.client.HTTPConnection(address.hostname, address.port)  # kept alive


class ApiException(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status_code = status


def request(method, *path, body=None, query=None, skip=False, token=TOKEN):
    url = "/v1/" + "/".join(path)
    if query:
        texts = {key: json.dumps(value, separators=(",", ":"))
                 if isinstance(value, (dict, list)) else str(value)
                 for key, value in query.items() if value is not None}
        url += "?" + urllib.parse.urlencode(texts)
    headers = {"Content-Type": "application/json",
               "User-Agent": "sigopt-python/8.8.3 (CLI)",
               "X-SigOpt-Python-Version": "3.11.2",
               "Authorization": "Basic " + base64.b64encode((token + ":").encode()).decode()}
    if skip:
        headers["X-Response-Content"] = "skip"
    text = None if method in ("GET", "DELETE") else json.dumps(body if body is not None else {})
    connection.request(method, url, body=text, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status == 204:
        assert content == b"", content
        return None
    parsed = json.loads(content)
    if 200 <= answer.status < 300:
        return parsed
    assert parsed["status"] == answer.status, parsed
    raise ApiException(answer.status, parsed["message"])


def refused(status, *arguments, **keywords):
    try:
        request(*arguments, **keywords)
    except ApiException as error:
        assert error.status_code == status, (error.status_code, status, error)
        return
    raise AssertionError("not refused: %s" % (arguments,))


def merge(run, body):
    assert request("MERGE", "training_runs", run, body=body, skip=True) is None


def pages(*path, query=None):
    """Pagination.iterate_pages(): follows paging.before."""
    query = dict(query or {})
    while True:
        page = request("GET", *path, query=query)
        assert page["object"] == "pagination"
        yield from page["data"]
        if not page["data"] or page["paging"]["before"] is None:
            return
        query["before"] = page["paging"]["before"]


def core():
    """Connection().experiments()... with tasks, as the studies of image classifiers use it."""
    experiment = request("POST", "experiments", body={
        "name": "Stanford Cars", "project": None,
        "parameters": [
            {"name": "log_lr", "type": "double", "bounds": {"min": -4.0, "max": -0.5}},
            {"name": "batch", "type": "int", "grid": [16, 32, 64]},
            {"name": "scheduler", "type": "categorical",
             "categorical_values": ["step", "cosine"]},
            {"name": "decay", "type": "double", "bounds": {"min": 1e-6, "max": 1e-2},
             "transformation": "log"},
            {"name": "dropout", "type": "double", "bounds": {"min": 0, "max": 1},
             "prior": {"name": "beta", "shape_a": 2, "shape_b": 5}},
            {"name": "alpha", "type": "double", "bounds": {"min": 0, "max": 1},
             "conditions": {"mixup": ["yes"]}}],
        "conditionals": [{"name": "mixup", "values": ["yes", "no"]}],
        "linear_constraints": [{"type": "less_than", "threshold": 0.5, "terms": [
            {"name": "log_lr", "weight": 1.0}, {"name": "dropout", "weight": 1.0}]}],
        "metrics": [{"name": "accuracy", "objective": "maximize"}],
        "tasks": [{"name": "cheap", "cost": 0.1}, {"name": "dear", "cost": 1.0}],
        "observation_budget": 6, "parallel_bandwidth": 2,
        "metadata": {"study": "cars", "gpus": 4}})
    here = ("experiments", experiment["id"])
    assert experiment["id"].isdigit()
    assert [task["name"] for task in experiment["tasks"]] == ["dear", "cheap"]
    while request("GET", *here)["progress"]["observation_budget_consumed"] < 3:
        suggestion = request("POST", *here, "suggestions")
        assignments = suggestion["assignments"]
        assert suggestion["state"] == "open" and suggestion["task"]["cost"] in (0.1, 1.0)
        assert ("alpha" in assignments) == (assignments["mixup"] == "yes")
        assert assignments["log_lr"] + assignments["dropout"] <= 0.5 + 1e-6
        assert assignments["batch"] in (16, 32, 64)
        request("POST", *here, "observations", body={
            "suggestion": suggestion["id"],
            "values": [{"name": "accuracy", "value": -(assignments["log_lr"] + 2) ** 2,
                        "value_stddev": None}]})
    request("POST", *here, "observations", body={
        "suggestion": request("POST", *here, "suggestions")["id"], "failed": True})
    point = dict(assignments)
    request("POST", *here, "queued_suggestions", body={"assignments": point, "task": "dear"})
    assert request("POST", *here, "suggestions")["assignments"] == point
    request("POST", *here, "observations", "batch", body={"observations": [
        {"assignments": point, "task": {"name": "dear", "cost": 1.0}, "value": -0.001}] * 3})
    assert request("GET", *here, "best_assignments")["data"][0]["task"] == "dear"
    rows = list(pages(*here, "observations", query={"limit": 2}))
    assert len(rows) == request("GET", *here)["progress"]["observation_count"]
    assert len({row["id"] for row in rows}) == len(rows)
    ascending = request("GET", *here, "observations", query={"ascending": True, "limit": 1})
    assert ascending["data"][0]["id"] == rows[-1]["id"]
    assert request("GET", *here, "suggestions", query={"state": "open"})["count"] == 1
    assert "should_stop" in request("GET", *here, "stopping_criteria")
    refused(400, "POST", *here, "observations", body={"suggestion": rows[0]["suggestion"]})
    refused(404, "GET", "experiments", "999999")
    refused(400, "PUT", *here, body={"tasks": []})
    refused(403, "GET", *here, token="nobody")
    request("PUT", *here, body={"name": "renamed", "observation_budget": 12})
    guest = request("POST", *here, "tokens")["token"]
    assert request("GET", *here, token=guest)["name"] == "renamed"
    refused(403, "POST", *here, "suggestions", token=guest)
    request("DELETE", *here, query={"include_runs": True})
    assert request("GET", *here)["state"] == "deleted"


def runs():
    """sigopt.create_experiment(), experiment.loop(), run.log_...()."""
    client = request("GET", "tokens", "self")["client"]
    project = ("clients", client, "projects", "cars")
    refused(404, "GET", *project)
    request("POST", "clients", client, "projects", body={"id": "cars", "name": "cars"})
    refused(409, "POST", "clients", client, "projects", body={"id": "cars", "name": "cars"})
    experiment = request("POST", *project, "aiexperiments", body={
        "name": "loop", "budget": 3, "parallel_bandwidth": 1,
        "metrics": [{"name": "accuracy", "strategy": "optimize", "objective": "maximize"},
                    {"name": "loss", "strategy": "store"}],
        "parameters": [{"name": "lr", "type": "double", "bounds": {"min": 1e-4, "max": 1},
                        "transformation": "log"}]})
    here = ("aiexperiments", experiment["id"])
    count = 0
    while request("GET", *here)["progress"]["remaining_budget"] > 0:
        count += 1
        run = request("POST", *here, "training_runs", body={"name": None, "metadata": None})
        assert run["experiment"] == experiment["id"] and run["state"] == "active"
        lr = run["assignments"]["lr"]
        name = run["id"]
        merge(name, {"assignments": {"epochs": 3}})
        merge(name, {"assignments_meta": {"epochs": {"source": "user"}}})
        merge(name, {"assignments_sources": {"user": {"sort": 10, "default_show": True}}})
        merge(name, {"sys_metadata": {"gpu": "none"}})
        merge(name, {"metadata": {"host": "a", "seed": 7}})
        merge(name, {"model": {"type": "resnet18"}})
        merge(name, {"datasets": {"stanford-cars": {}}})
        merge(name, {"logs": {"stdout": {"content": "epoch 1\n"}}})
        merge(name, {"source_code": {"hash": "abc", "content": "print(1)"}})
        request("POST", "training_runs", name, "checkpoints", skip=True, body={
            "values": [{"name": "accuracy", "value": 0.1}], "metadata": None})
        merge(name, {"values": {"accuracy": {"value": 1 - lr, "value_stddev": None}}})
        merge(name, {"values": {"loss": {"value": lr}}})
        if count == 2:  # run.log_failure()
            merge(name, {"state": "failed"})
        elif request("GET", "training_runs", name)["state"] == "active":
            merge(name, {"state": "completed"})
        refused(403, "POST", "training_runs", name, "checkpoints",
                body={"values": [{"name": "accuracy", "value": 0.1}]})
    assert count == 3, count
    runs_now = list(pages(*project, "training_runs", query={"limit": 2}))
    assert sorted(run["state"] for run in runs_now) == ["completed", "completed", "failed"]
    assert runs_now[0]["metadata"] == {"host": "a", "seed": 7}
    failed = request("GET", *project, "training_runs", query={
        "filters": [{"field": "state", "operator": "==", "value": "failed"}]})
    assert failed["count"] == 1
    best = request("GET", *here, "best_training_runs")["data"]
    assert best[0]["values"]["accuracy"]["value"] == max(
        run["values"]["accuracy"]["value"] for run in runs_now if run["state"] == "completed")
    uploaded = request("POST", *project, "training_runs", "batch", body={
        "runs": [{"name": "old", "state": "completed", "values": {"accuracy": {"value": 1}}}],
        "fields": "id"})
    assert list(uploaded["data"][0]) == ["id"]
    request("DELETE", "training_runs", uploaded["data"][0]["id"])
    request("PUT", "training_runs", uploaded["data"][0]["id"], body={"deleted": False})
    request("PUT", *here, body={"budget": 4})
    request("DELETE", "experiments", experiment["id"])  # sigopt archive experiment
    assert request("GET", *here)["state"] == "deleted"


core()
runs()
print("ok")
sys.exit(0)
