# SPDX-License-Identifier: MIT
# httpx from ordinary code, without a loop in sight.
import sys

import httpx

site = sys.argv[1]
response = httpx.get(site + "/users")
print(response.status_code, response.headers["content-type"])
print(f"{len(response.json())} users")

response = httpx.get(site + "/get", params={"q": "tea"})
print(response.json()["args"]["q"])

response = httpx.post(site + "/post", json={"name": "Ada"})
print(response.status_code, response.json()["json"]["name"])

try:
    httpx.get(site + "/delay/30", timeout=0.2)
except httpx.TimeoutException:
    print("no answer in time")
