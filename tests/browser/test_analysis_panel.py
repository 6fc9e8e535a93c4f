"""A measured file on the page: parameters, verdict and figure, as the command line has them; refusals in words."""

import re

from playwright.sync_api import expect

from synqc.protocols import T1, write_records
from synqc.twin import HiddenQubit, Twin

ANALYSED_MS = 60_000


def test_a_file_is_analysed_and_another_one_refused(desk, tmp_path):
    records = T1().run(Twin([HiddenQubit(t1_us=60.0)], seed=2)[0])
    write_records(records, tmp_path / "t1.npz", layout="arrays")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    desk["#analysis-start"].click()
    expect(desk["#analysis-state"]).to_have_text("No file is chosen.")
    expect(desk["#analysis-takes"]).to_contain_text("16 MB")
    desk["#analysis-file"].set_input_files(tmp_path / "t1.npz")
    desk["#analysis-start"].click()
    expect(desk["#analysis-state"]).to_have_text("Of t1.npz", timeout=ANALYSED_MS)
    answer = desk["#analysis-answer"]
    expect(answer.locator("h3")).to_have_text("T1 of qubit 0")
    expect(answer.locator(".verdict")).to_have_text("good")
    found = T1().analyse(records)
    row = answer.locator("tbody tr").first
    expect(row).to_contain_text("t1_us")
    expect(row).to_contain_text(f"{found.values['t1_us']:.4g}"[:4])
    expect(answer.locator(".chart .scatterlayer .trace").first).to_be_attached()
    expect(answer.locator(".chart")).to_contain_text(re.compile("Share of outcome 1"))
    desk.refusals_expected = True
    desk["#analysis-file"].set_input_files(tmp_path / "broken.npz")
    desk["#analysis-start"].click()
    expect(desk["#analysis-state"]).to_contain_text("must be what its ending says", timeout=ANALYSED_MS)
    expect(answer.locator("h3")).to_have_count(0)
