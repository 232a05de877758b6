"""A Hydra application with the configuration of the stand-in beside it (`stand_in.py`), for tests on machines that have Hydra."""
import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig

from stand_in import DEFAULTS

ConfigStore.instance().store(name="config", node=DEFAULTS)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(config):
    if config.get("fail") in HydraConfig.get().overrides.task:
        raise RuntimeError(f"asked to fail by {config.fail}")


if __name__ == "__main__":
    main()
