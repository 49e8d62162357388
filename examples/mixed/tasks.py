"""The Python half of the café; the shell's half is in .rush."""

from pathlib import Path
from typing import Dict

from taskrush import result_of, run, task


@task(inputs=["build/menu.csv"], outputs=["build/prices.txt"])
def prices(surcharge: float = 0.0) -> Dict[str, float]:
    """Price the menu that `menu` of .rush brings.

    Args:
        surcharge: how much dearer everything gets, 0.1 for a tenth
    """
    found = {}
    for line in Path("build/menu.csv").read_text(encoding="utf-8").splitlines():
        dish, price = line.split(";")
        found[dish] = round(float(price) * (1 + surcharge), 2)
    lines = [f"{dish:<12} {price:6.2f}" for dish, price in found.items()]
    Path("build/prices.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found


@task(deps=["bill", "music"], aliases=["all"])
def serve(guest: str = "stranger", menu: Dict[str, float] = result_of(prices)) -> float:
    """Serve a guest everything; needs `bill` and `music` of .rush.

    Args:
        guest: who is to pay
    """
    total = round(sum(menu.values()), 2)
    run(["cat", "build/bill.txt"])
    print(f"{guest} pays {total:.2f}")
    return total
