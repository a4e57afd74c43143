"""Refinement of an encoded latent."""

import cofe_widgets as cw


def test_refinement_lowers_the_error_and_keeps_the_kind_of_record():
    record = cw.simulate("NSR", seed=11)[0].record
    plain, better = cw.reconstruct(record), cw.reconstruct(record, refine=15)
    assert better.meta["rmse_uv"] < 0.8 * plain.meta["rmse_uv"]
    assert better.meta["correlation"] > plain.meta["correlation"]
    assert better.signal.shape == plain.signal.shape == (12, 2500)
