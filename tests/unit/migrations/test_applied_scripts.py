"""Scripts are what databases have applied: another text of one stops every runner there (exit code 4)."""

import pytest

from migrations.scripts import FOLDER, REMOVED, scripts

# What the ledgers of laptop stacks and deployments have. A script that is new adds a line; one whose words change
# has the line that is here in its ``FORMER`` from then on, and adds one.
APPLIED = """
001_create_display_collection a580be900a33a3dfae85e431180f880c7625c79f0d17a1d3364e11b87a37326c
001_create_display_collection f5ce21c8e63fe1ebe7c21ed395d301ce2264962319d2872be63a988c310c8b94
001_create_display_collection 68d915550a69c36bbecead1f941ea12fa2a0b2d5b2309720a9c073a8cb7da31b
001_create_display_collection 9fef655e2cffd8f7b3c563c744336efb5a76a6716835ad083f763b05a45e674d
002_backfill_display_data 912e19ab878500e3f181094b58af9b1a3af3c204715277e6a1069c446dccd75b
002_backfill_display_data 7724db104f8f05ca50c70d51e040943ad429f44b3f3c9b6d50af7e5a4b8eeab2
002_backfill_display_data 73fa327eb9349362ea67ad05f9981135d17af8eae287fe9bb596b654ac89f709
002_backfill_display_data b1a2ba86a9db193e3f69b9f3d1756261c353b017aae7157bce0d1caa2768bf1d
003_drop_date_index 9f238b67e1f320721c8a982bdf8b64b5d6303d345c97d60bb16f4b1c5ccc6b6f
004_create_meter_series 2edbc8943b61cf15ea5ad07892dd753c78f3c6ead5707858eb5e0536fbafc376
005_create_usage_collections 96db6b933743826026ea051221abac17130a6c0f1b9a57321877e9c2970baa0b
006_index_attempts_of_the_sweeper 96463dabd83a72ca3055697e6b81bd12ad215a0ae380f04f9192c4b2e6550c25
007_create_flag_history 28030b09e5e871a50ad522eed7251334866071a74a9ea576cfbaa3107317cb58
008_create_repaired_readings 560b88af3d5c132a3df1ce63a4ae05915470f228198420d5e43684aabf00558f
009_index_calculation_versions 26f903482deb79b3b5f57fc9c27d782aaa702fe4d3d64a8e7cea3b898acf4285
010_create_imports 004b29b4c42db7fb46b9dcd1d7c2b8b009beff8a3c275570cc4f66983aaba8fd
011_create_feedback 85df2a55982abdbb8514db558be724c703beec00be5adad38455c17c0cb1a7ef
012_find_what_names_a_person 000bcffce95e47b85bd0c5d0b861ee06955929bf28963bb2be8b054702aadb4e
013_create_figures_of_use b41e0d5cf40b1423ca2867c0364baf7d64b8993800ce4ad3e5fda1dff4cc40c3
014_index_traces ba0e6e633392efd28f07558fdd31ebd1499a12865516e257f9708483dd40db73
015_create_gate_evidence c40f3eb59e7cc0fe40c435ac980394c1de93720435c50f54bf12b86d170ee119
016_create_rollouts 8aef0345ebd88a4f2f6e4d00b52d7ec7305572788f7802ba005f4d87da1d76c7
017_create_v1_callers 61c405f8315b2c9714309517c38c4a3e1ad7e0034ab0890594d59c40571884dc
"""
LINES = [line.split() for line in APPLIED.strip().splitlines()]


@pytest.mark.parametrize(("name", "checksum"), [line for line in LINES if line[0] not in REMOVED])
def test_a_database_that_has_applied_a_script_finds_it_as_it_was(name: str, checksum: str) -> None:
    [script] = [script for script in scripts(FOLDER) if script.name == name]
    assert script.is_what_was_applied(checksum), "add the checksum of before to its FORMER, if it does the same"


def test_each_script_is_listed() -> None:
    names = {name for name, _ in LINES}.difference(REMOVED)
    assert [script.name for script in scripts(FOLDER)] == sorted(names)
