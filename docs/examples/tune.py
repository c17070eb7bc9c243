"""Tunes a function with frugal serve. Python's standard library is enough.

    FRUGAL_URL=http://127.0.0.1:8265 FRUGAL_TOKEN=$(cat frugal.db.token) python3 tune.py
"""

import base64
import json
import os
import urllib.request

URL = os.environ["FRUGAL_URL"]
BASIC = base64.b64encode((os.environ["FRUGAL_TOKEN"] + ":").encode()).decode()


def call(method, path, body=None):
    request = urllib.request.Request(
        URL + "/v1/" + path, method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Basic " + BASIC, "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def accuracy(learning_rate, layers):  # stands for a training
    return 1 - (learning_rate - 0.3) ** 2 - 0.05 * abs(layers - 3)


experiment = call("POST", "experiments", {
    "name": "example in Python",
    "parameters": [
        {"name": "learning_rate", "type": "double", "bounds": {"min": 0.001, "max": 1},
         "transformation": "log"},
        {"name": "layers", "type": "int", "bounds": {"min": 1, "max": 8}}],
    "metrics": [{"name": "accuracy", "objective": "maximize"}],
    "observation_budget": 15})
here = "experiments/" + experiment["id"]

while call("GET", here)["progress"]["observation_count"] < experiment["observation_budget"]:
    suggestion = call("POST", here + "/suggestions", {})
    value = accuracy(**suggestion["assignments"])
    call("POST", here + "/observations",
         {"suggestion": suggestion["id"], "values": [{"name": "accuracy", "value": value}]})

best = call("GET", here + "/best_assignments")["data"][0]
print(json.dumps({"assignments": best["assignments"], "value": best["values"][0]["value"]}))
