"""Fitted models: native bytes where a library has canonical ones, pickle with arrays as parts elsewhere.

The digest of a model is that of its state (`penstock.values.state`): two fits of the same model are one value, though
their pickles differ in bytes. XGBoost and LightGBM models, their scikit-learn wrappers included, are stored in the
libraries' own formats and read without unpickling; scikit-learn estimators and torch modules are pickled, and marked.
"""

import sys
from contextlib import suppress
from typing import Any

from penstock.codecs.bytesio import blob_of, read, stored
from penstock.codecs.describe import json_safe, type_name
from penstock.codecs.pickled import pickle_parts, unpickle
from penstock.codecs.tree import DecodeOne, EncodeOne, pack, unpack
from penstock.errors import Corrupt
from penstock.model.artifact import Description, Stored
from penstock.model.digest import combine
from penstock.ports import Reader, Sink
from penstock.values.state import state

__all__ = ["BoosterCodec", "ModelCodec", "TensorCodec", "WrapperCodec"]

_WRAPPERS = ("xgboost.sklearn", "lightgbm.sklearn")
_TEXT = 200
_SHOWN = 50


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _digest(value: Any) -> str:
    return combine("penstock.state", [type_name(value), state(value)])


class BoosterCodec:
    """`xgboost.Booster` as UBJSON, `lightgbm.Booster` as its model text."""

    name = "booster"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """The libraries' own boosters."""
        return type(value).__name__ == "Booster" and _package(value) in ("xgboost", "lightgbm")

    def encode(self, value: Any, sink: Sink) -> Stored:
        """The library's own bytes, and what they leave out."""
        held: list[Any]
        if _package(value) == "xgboost":
            held = ["xgboost", bytes(value.save_raw(raw_format="ubj")), value.attributes()]
        else:
            noted = {"best_iteration": value.best_iteration, "best_score": value.best_score, "params": value.params}
            held = ["lightgbm", value.model_to_string(num_iteration=-1).encode(), noted]
        packed = pack(held, sink, self._encode_one)
        pickled = any(one.about.pickled for one in packed.leaves)
        about = _about(value, pickled=pickled)
        blob = blob_of(sink, packed.root)
        return stored(self.name, blob, about, digest=_digest(value), parts=packed.parts, extra=packed.outside)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The booster, loaded by its library."""
        library, data, noted = unpack(read(stored, reader), reader, self._decode_one)
        if library == "xgboost":
            import xgboost

            booster = xgboost.Booster(model_file=bytearray(data))
            booster.set_attr(**noted)
            return booster
        if library != "lightgbm":
            raise Corrupt(f"a stored booster is of the unknown library {library!r}")
        import lightgbm

        loaded = lightgbm.Booster(model_str=data.decode())
        for name, one in noted.items():
            setattr(loaded, name, one)
        return loaded

    def describe(self, value: Any) -> Description:
        """Rounds and features."""
        return _about(value, pickled=False)


class WrapperCodec:
    """The scikit-learn faces of XGBoost and LightGBM: their attributes as a tree, their booster as above."""

    name = "boosted"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """Instances of the libraries' own classes; the user's subclasses are left to pickle."""
        cls = type(value)
        return cls.__module__ in _WRAPPERS and getattr(sys.modules.get(cls.__module__), cls.__name__, None) is cls

    def encode(self, value: Any, sink: Sink) -> Stored:
        """All attributes; arrays and boosters as parts."""
        cls = type(value)
        packed = pack([cls.__module__, cls.__name__, dict(vars(value))], sink, self._encode_one)
        about = _about(value, pickled=any(one.about.pickled for one in packed.leaves))
        blob = blob_of(sink, packed.root)
        return stored(self.name, blob, about, digest=_digest(value), parts=packed.parts, extra=packed.outside)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The model, with the attributes that it had."""
        import importlib

        module, name, attributes = unpack(read(stored, reader), reader, self._decode_one)
        if module not in _WRAPPERS:
            raise Corrupt(f"a stored model is of the unknown module {module!r}")
        cls = getattr(importlib.import_module(module), name)
        if not isinstance(cls, type):
            raise Corrupt(f"a stored model is of {module}.{name}, which is no class")
        made: Any = object.__new__(cls)
        vars(made).update(attributes)
        return made

    def describe(self, value: Any) -> Description:
        """Parameters, features and classes."""
        return _about(value, pickled=False)


class ModelCodec:
    """scikit-learn estimators (and what builds on them) and torch modules, by pickle with their arrays as parts."""

    name = "model"

    def accepts(self, value: Any) -> bool:
        """Estimators, fitted or not, and modules."""
        if isinstance(value, type):
            return False
        torch_nn = sys.modules.get("torch.nn")
        if torch_nn is not None and isinstance(value, torch_nn.Module):
            return True
        bases = {base.__module__.partition(".")[0] for base in type(value).__mro__}
        return "sklearn" in bases and hasattr(value, "get_params")

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Pickle; the digest is that of the state."""
        return pickle_parts(self.name, value, sink, self.describe(value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The model; its arrays lie in private memory, so that it can go on learning."""
        return unpickle(stored, reader)

    def describe(self, value: Any) -> Description:
        """Parameters, features and classes."""
        return _about(value, pickled=True)


class TensorCodec:
    """torch tensors as numpy arrays, with type and place as notes; they come back on the processor's memory."""

    name = "tensor"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """Dense tensors and parameters."""
        torch = sys.modules.get("torch")
        if torch is None or type(value) not in (torch.Tensor, torch.nn.Parameter):
            return False
        return bool(value.layout is torch.strided and not value.is_quantized and not value.is_complex())

    def encode(self, value: Any, sink: Sink) -> Stored:
        """The numbers as an `.npy` part: mapped when they are read, kept once where two states share them."""
        import torch

        plain_tensor = value.detach().cpu().contiguous().resolve_conj().resolve_neg()
        # numpy lacks bfloat16 and the 8-bit floats; the bits are kept, the type is noted
        flat = plain_tensor.reshape(-1).view(torch.uint8).numpy() if plain_tensor.numel() else None
        kind = str(value.dtype).removeprefix("torch.")
        is_parameter = type(value) is torch.nn.Parameter
        held = [kind, list(value.shape), bool(value.requires_grad), is_parameter, flat]
        packed = pack(held, sink, self._encode_one)
        blob = blob_of(sink, packed.root)
        about = self.describe(value)
        return stored(self.name, blob, about, digest=packed.digest, parts=packed.parts, extra=packed.outside)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The tensor over private memory."""
        import torch

        kind, shape, gradient, is_parameter, flat = unpack(read(stored, reader), reader, self._decode_one)
        dtype = getattr(torch, kind, None)
        if not isinstance(dtype, torch.dtype):
            raise Corrupt(f"a stored tensor has the unknown type {kind!r}")
        tensor = torch.empty(shape, dtype=dtype) if flat is None else torch.from_numpy(flat).view(dtype).reshape(shape)
        if is_parameter:
            return torch.nn.Parameter(tensor, requires_grad=gradient)
        return tensor.requires_grad_(gradient) if gradient else tensor

    def describe(self, value: Any) -> Description:
        """Type, shape and place."""
        shape = tuple(int(one) for one in value.shape)
        details = {"dtype": str(value.dtype), "device": str(value.device)}
        text = f"tensor of {value.dtype}, shape {shape}"
        return Description(
            f"torch.{type(value).__name__}", shape[0] if shape else None, shape, text=text, details=details
        )


def _about(value: Any, *, pickled: bool) -> Description:
    details: dict[str, Any] = {}
    for describe in (_parameters, _features, _modules, _importances):
        with suppress(Exception):  # the model's own code; a description is not worth a failure
            details.update(describe(value))
    text = _shown(value, details.get("params", {}))
    return Description(
        type_name(value), text=text if len(text) <= _TEXT else text[: _TEXT - 1] + "…", details=details, pickled=pickled
    )


def _shown(value: Any, params: dict[str, Any]) -> str:
    """A model in one line: by its parameters, or where these hold other models as it shows itself."""
    with suppress(Exception):  # the model's own code
        if hasattr(value, "get_params") and not all(map(_is_plain, value.get_params(deep=False).values())):
            return " ".join(repr(value).split())
    return f"{type(value).__name__}({', '.join(f'{key}={one!r}' for key, one in list(params.items())[:8])})"


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _parameters(value: Any) -> dict[str, Any]:
    """The parameters that differ from their defaults first, and all of them by name."""
    if hasattr(value, "get_params"):
        every = value.get_params(deep=False)
        try:
            fresh = type(value)().get_params(deep=False)
        except Exception:  # a class with parameters that must be given
            fresh = {}
        changed = {key: one for key, one in every.items() if repr(one) != repr(fresh.get(key))}
        ordered = {**changed, **every}
        return {"params": {key: json_safe(one) for key, one in list(ordered.items())[:_SHOWN]}}
    if _package(value) == "lightgbm":
        return {"params": {key: json_safe(one) for key, one in list(value.params.items())[:_SHOWN]}}
    return {}


def _features(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if type(value).__name__ == "Booster" and _package(value) == "xgboost":
        return {"rounds": value.num_boosted_rounds(), "features": value.num_features()}
    if type(value).__name__ == "Booster" and _package(value) == "lightgbm":
        return {"rounds": value.num_trees(), "features": value.num_feature()}
    attributes = vars(value)
    fitted = sorted(name for name in attributes if name.endswith("_") and not name.startswith("_"))
    if fitted:
        found["fitted"] = fitted[:_SHOWN]
    count = attributes.get("n_features_in_", attributes.get("_n_features_in"))
    if count is not None:
        found["features"] = int(count)
    names = attributes.get("feature_names_in_")
    if names is not None:
        found["feature_names"] = [json_safe(str(one)) for one in names[:_SHOWN]]
    classes = attributes.get("classes_")
    if classes is not None and getattr(classes, "ndim", 1) == 1:
        found["classes"] = [json_safe(one) for one in classes[:_SHOWN].tolist()]
    steps = getattr(value, "steps", None)
    if isinstance(steps, list):
        found["steps"] = [[str(name), type_name(one)] for name, one in steps]
    return found


def _modules(value: Any) -> dict[str, Any]:
    if "torch" not in sys.modules or not hasattr(value, "named_children"):
        return {}
    children = [[name, type_name(one)] for name, one in value.named_children()]
    return {"modules": children[:_SHOWN], "parameters": sum(int(one.numel()) for one in value.parameters())}


def _importances(value: Any) -> dict[str, Any]:
    """What a model makes of each feature, the most telling first: importances as its library has them, else coefficients."""
    if type(value).__name__ == "Booster" and _package(value) == "xgboost":
        said, names = "gain", list(value.get_score(importance_type="gain").items())
    elif type(value).__name__ == "Booster" and _package(value) == "lightgbm":
        said, names = "gain", list(zip(value.feature_name(), value.feature_importance("gain").tolist(), strict=True))
    else:
        last = value.steps[-1][1] if isinstance(getattr(value, "steps", None), list) else value
        for said in ("feature_importances_", "coef_"):
            found = getattr(last, said, None)
            if found is not None:
                break
        else:
            return {}
        numbers = found.reshape(-1) if found.ndim == 1 or found.shape[0] == 1 else None
        if numbers is None:  # a row of coefficients for each class
            return {}
        called = vars(last).get("feature_names_in_")
        called = called if called is not None and len(called) == len(numbers) else range(len(numbers))
        names = list(zip([str(one) for one in called], numbers.tolist(), strict=True))
    ordered = sorted(names, key=lambda one: -abs(one[1]))[:_SHOWN]
    return {"importances": [[str(name), float(one)] for name, one in ordered], "importances_by": said.strip("_")}
