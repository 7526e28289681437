"""The opening of the page: which pre-images, in which order, and how they are told."""

from stages.page.pictures import opening as openings

LAYERS = [("net", f"layer{n:02d}") for n in range(20)]


def test_eight_depths_of_the_first_picture_the_first_and_last_among_them(score, table):
    rows = [
        score(representation="net", layer=layer, image_id=name, seed=seed, key=layer)
        for name in "ab"
        for _, layer in reversed(LAYERS)
        for seed in (0, 1)
    ]
    shown = openings.depths(table(score(), *rows), LAYERS)
    assert list(shown["layer"]) == [
        *("layer00", "layer03", "layer05", "layer08"),
        *("layer11", "layer14", "layer16", "layer19"),
    ]
    assert set(shown["image_id"]) == {"a"}
    assert set(shown["seed"]) == {0}


def test_without_layers_each_representation_has_its_place(score, table):
    jobs = table(score(), score(seed=1), score(representation="dsift", layer="dsift"))
    shown = openings.depths(jobs, [("dsift", "dsift"), ("hog", "hog")])
    assert list(shown["representation"]) == ["dsift", "hog"]


def test_parts_of_codes_and_jobs_that_went_wrong_are_not_shown(score, table):
    jobs = table(
        score(region="centre 2"),
        score(channels="first-half"),
        score(status="diverged"),
    )
    assert len(openings.depths(jobs, [("hog", "hog")])) == 0


def test_the_picture_with_most_codes_is_shown(score, table):
    jobs = table(
        score(layer="conv1"),
        score(image_id="b", layer="conv1"),
        score(image_id="b", layer="fc8"),
    )
    assert set(openings.depths(jobs, [])["image_id"]) == {"b"}


def test_each_figure_tells_what_it_is_and_how_good(score, table):
    jobs = table(score(0.123, psnr=21.44, layer="fc8"), score(layer="conv1", key="l"))
    opened = openings.opening(jobs)
    figure = opened.preimages[0]
    assert (figure.title, figure.key) == ("fc8", "k")
    assert figure.numbers == "12.3\N{NO-BREAK SPACE}% · 21.4\N{NO-BREAK SPACE}dB"
    assert figure.alt == "Pre-image of cat from hog, fc8"
    assert (opened.image_id, opened.seen_by, opened.representation) == (
        "a",
        "hog",
        "hog",
    )


def test_without_layers_a_figure_is_named_after_its_representation(score, table):
    jobs = table(score(), score(representation="dsift"))
    opened = openings.opening(jobs)
    assert [figure.title for figure in opened.preimages] == ["hog", "dsift"]
    assert opened.representation == ""


def test_nothing_to_open_with_is_nothing(score, table):
    assert openings.opening(table(score()).iloc[:0]) is None


def test_the_deepest_layers_are_shown_under_a_learned_prior_too(score, table):
    rows = [
        score(layer=layer, prior=prior, key=f"{layer} {prior}", denoiser_term=pull)
        for prior, pull in (("default", None), ("learned", 0.1))
        for _, layer in LAYERS
    ]
    shown = openings.depths(table(*rows), [("hog", layer) for _, layer in LAYERS])
    assert len(shown) == openings.MOST_DEPTHS
    assert list(shown["key"])[-3:] == [
        *("layer18 learned", "layer19 default", "layer19 learned"),
    ]
    opened = openings.opening(shown)
    assert opened.learned
    assert opened.preimages[-1].title == "layer19, learned prior"
    assert opened.preimages[-1].alt.endswith("layer19, learned prior")


def test_learned_priors_alone_are_no_evidence_beside_others(score, table):
    rows = [score(layer=layer, denoiser_term=0.1) for _, layer in LAYERS[:3]]
    shown = openings.depths(table(*rows), LAYERS)
    assert len(shown) == 3
    assert not openings.opening(shown).learned
