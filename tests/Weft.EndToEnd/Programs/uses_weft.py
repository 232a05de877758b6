"""Uses every function of the module that `weft python` prints, as a training program would."""
import sys

import weft

p = weft.params(lr=0.5, epochs=2, name="none", layers=[1])
seen = weft.checkpoint() / "epoch"
start = int(seen.read_text()) if seen.exists() else 0
assert not weft.stopping()
for epoch in range(start, p["epochs"]):
    weft.log({"loss": p["lr"] / (epoch + 1), "spike": float("nan")}, step=epoch)
    seen.write_text(str(epoch + 1))
    if p.get("requeue") and epoch == 0:
        weft.requeue()
target = weft.output("model", default="kept/model.txt")
target.write_text(repr(p))
weft.result(score=p["lr"] * 2, kind="small")
weft.result(score=p["lr"] * 3)
print("started at", start, "types", type(p["lr"]).__name__, type(p["name"]).__name__, p["layers"], file=sys.stdout)
