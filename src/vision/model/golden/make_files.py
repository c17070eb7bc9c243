"""Writes small weight files of every kind that torch.save makes, good and bad, into a folder.

    python3 make_files.py FOLDER

The files in files/ were made with torch 1.13.1; weights_test.cc reads them, and those that the
installed torch makes. Values follow formula.py, by the names in the module.
"""

import collections
import os
import pickle
import sys

import torch

import formula


class WholeModel(torch.nn.Linear):
    pass


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def module():
    layers = (torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    return formula.fill(torch.nn.Sequential(*layers))


def converted(state, dtype):
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}


def training_checkpoint():
    model = module()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9)
    (model[0].weight.sum() + model[2].weight.sum()).backward()
    optimizer.step()
    return {
        "epoch": 3,
        "arch": "tiny",
        "best_loss": 0.5,
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }


def main(folder):
    def save(name, value, **options):
        torch.save(value, os.path.join(folder, name), **options)

    state = module().state_dict()
    legacy = {"_use_new_zipfile_serialization": False}
    save("zip.pth", state)
    save("legacy.pth", state, **legacy)
    save("protocol4.pth", state, pickle_protocol=4)
    save("half.pth", converted(state, torch.float16))
    save("bfloat16.pth", converted(state, torch.bfloat16))
    save("double_legacy.pth", converted(state, torch.float64), **legacy)
    save("nested.pth", training_checkpoint())
    save("nested_twice_legacy.pth", {"model": training_checkpoint()}, **legacy)
    save("parallel.pth", {"module." + k: v for k, v in state.items()})
    save("parameters.pth", collections.OrderedDict(module().named_parameters()))
    save("channels_last.pth", module().to(memory_format=torch.channels_last).state_dict())
    base = formula.tensor("base.weight", (4, 6))
    views = {"base.weight": base, "transposed": base.t(), "corner": base[1:3, 2:5]}
    save("views.pth", views)
    save("views_legacy.pth", views, **legacy)

    whole = WholeModel(4, 2)
    save("bad_whole_model.pth", whole)
    save("bad_whole_model_legacy.pth", whole, **legacy)
    save("bad_evil.pth", {"0.weight": Evil()})
    save("bad_evil_legacy.pth", {"0.weight": Evil()}, **legacy)
    save("bad_tensor.pth", base)
    save("bad_no_weights.pth", {"epoch": 3, "losses": [0.5, 0.25]})
    torch.jit.script(torch.nn.ReLU()).save(os.path.join(folder, "bad_torchscript.pth"))
    with open(os.path.join(folder, "bad_plain_pickle.pth"), "wb") as file:
        pickle.dump({"a": 1}, file, protocol=2)


main(sys.argv[1])
