# SPDX-License-Identifier: MIT
"""The public names of the Python packages for HTTP, from what is installed.

names() gives (package, group, name), in the order of the packages and their groups. A group is a module, a class, or a call, `Client()`, whose
names are its parameters. A class has what it and its bases define, in this package; what a base has that is a group by itself is there only.
Attributes that a class sets in its methods count: they are read from its source. What begins with an underscore is not public.
"""
import ast
import enum
import functools
import importlib
import inspect
import pathlib
import types

# Of each module the calls whose parameters are a group.
CALLS = {
    "aiohttp": ["ClientSession", "ClientSession._request", "TCPConnector", "UnixConnector", "CookieJar", "FormData", "FormData.add_field",
                "ClientResponse.json", "ClientResponse.text", "BasicAuth", "Fingerprint", "AsyncResolver", "MultipartWriter"],
    "aiohttp.web": ["Application", "run_app", "Response", "json_response", "FileResponse", "StreamResponse.set_cookie",
                    "StreamResponse.del_cookie", "StreamResponse.enable_compression", "UrlDispatcher.add_static", "UrlDispatcher.add_route",
                    "UrlDispatcher.add_get", "RequestHandler", "AppRunner", "TCPSite", "UnixSite", "HTTPException"],
    "httpx": ["AsyncClient", "AsyncClient.request", "AsyncClient.send", "Client", "Client.request", "request", "Timeout", "Limits", "Proxy", "URL",
              "Request", "Response", "AsyncHTTPTransport", "HTTPTransport", "ASGITransport", "MockTransport", "BasicAuth", "DigestAuth", "NetRCAuth",
              "create_ssl_context"],
    "requests": ["Session.request", "Session.send", "Request", "Response.iter_content", "Response.iter_lines"],
    "requests.adapters": ["HTTPAdapter"],
    "requests.auth": ["HTTPBasicAuth", "HTTPDigestAuth"],
    "requests.cookies": ["RequestsCookieJar.set", "create_cookie"],
}
MODULES = ["aiohttp", "aiohttp.web", "httpx", "requests", "requests.adapters", "requests.auth", "requests.cookies", "requests.exceptions",
           "requests.structures"]


def is_public(name):
    return not name.startswith("_")


def package_of(thing):
    return getattr(thing, "__module__", "").partition(".")[0]


def module_names(module):
    """What the module says is its own; else what is defined in its package, or is no class, function or module at all."""
    if hasattr(module, "__all__"):
        return sorted({name for name in module.__all__ if is_public(name)})
    whole = "." not in module.__name__
    return sorted(name for name, thing in vars(module).items() if is_public(name) and not isinstance(thing, types.ModuleType) and (
        package_of(thing) == module.__name__ if whole else getattr(thing, "__module__", "") == module.__name__))


@functools.cache
def syntax_of(file):
    return ast.parse(pathlib.Path(file).read_text())


def set_in_methods(cls):
    """The attributes of which the class's methods say `self.name = ...`."""
    files = {thing.__code__.co_filename for thing in vars(cls).values() if inspect.isfunction(thing)}
    classes = [node for file in files if pathlib.Path(file).exists() for node in ast.walk(syntax_of(file))
               if isinstance(node, ast.ClassDef) and node.name == cls.__name__]
    return {node.attr for one in classes for node in ast.walk(one)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"}


def own_members(cls):
    names = set(vars(cls)) | set(vars(cls).get("__annotations__", {})) | set_in_methods(cls)
    if issubclass(cls, enum.Enum):  # without second names of one value
        names = {name for name in names if name not in cls.__members__ and inspect.isroutine(vars(cls)[name])}
        names |= {member.name for member in cls}
    return {name for name in names if is_public(name)}


def members(cls, package, listed):
    """Of the class, without those of bases that are in `listed`."""
    bases = [base for base in cls.__mro__ if package_of(base) == package]
    elsewhere = {above for base in bases if base is not cls and base in listed for above in base.__mro__}
    return sorted({name for base in bases for name in own_members(base)} -
                  {name for base in bases if base in elsewhere for name in own_members(base)})


def parameters(thing):
    call = thing.__init__ if inspect.isclass(thing) and "__init__" in vars(thing) else thing
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, one in inspect.signature(call).parameters.items() if is_public(name) and name != "self" and one.kind not in kinds]


def found_of(module, path):
    thing = module
    for part in path.split("."):
        thing = getattr(thing, part, None)
        if thing is None:
            return None
    return thing


def names():
    """Each once: a class of two modules is a group of the first."""
    modules = [importlib.import_module(name) for name in MODULES]
    listed = {thing for module in modules for name in module_names(module) if inspect.isclass(thing := getattr(module, name))}
    left = set(listed)
    for module in modules:
        package, _, prefix = module.__name__.partition(".")
        own = module_names(module)
        yield from ((package, module.__name__, name) for name in own)
        prefix = prefix + "." if prefix else ""
        for name in own:
            thing = getattr(module, name)
            if inspect.isclass(thing) and thing in left and package_of(thing) == package:
                left.remove(thing)
                yield from ((package, prefix + name, member) for member in members(thing, package, listed))
        for path in CALLS.get(module.__name__, []):
            if (thing := found_of(module, path)) is not None:
                yield from ((package, f"{prefix}{path.replace('._', '.')}()", name) for name in parameters(thing))


def versions(packages=("aiohttp", "httpx", "requests")):
    """{package: its version, such as 3.8}"""
    return {name: ".".join(importlib.import_module(name).__version__.split(".")[:2]) for name in packages}
