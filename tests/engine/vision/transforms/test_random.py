"""Random transforms: what they draw, that each image has its own, and that the same numbers give the same."""

import numpy as np
import pytest

import engine
from engine.data import Draws, RandomTransform
from engine.data.transform import uniforms
from engine.errors import EngineError, ShapeError
from engine.vision import transforms
from engine.vision.transforms.mixing import beta

IMAGES = np.random.default_rng(1).random((6, 3, 16, 12)).astype(np.float32)

RANDOM = {
    "crop": transforms.RandomCrop((16, 12), padding=2),
    "resized crop": transforms.RandomResizedCrop((16, 12)),
    "flip": transforms.RandomHorizontalFlip(),
    "upside down": transforms.RandomVerticalFlip(0.3),
    "rotation": transforms.RandomRotation(40, "bilinear"),
    "affine": transforms.RandomAffine(10, (0.2, 0.1), (0.8, 1.2), (5.0, 10.0, -3.0, 3.0), fill=0.5),
    "jitter": transforms.ColorJitter(0.4, 0.4, 0.4, 0.2),
    "grey": transforms.RandomGrayscale(0.5),
    "blur": transforms.GaussianBlur(5),
    "erasing": transforms.RandomErasing(0.9),
    "noise": transforms.RandomErasing(0.9, value="random"),
    "RandAugment": transforms.RandAugment(3, 12),
    "some": transforms.RandomApply([transforms.ColorJitter(0.5), transforms.RandomHorizontalFlip()], 0.6),
    "choice": transforms.RandomChoice([transforms.GaussianBlur(3, 1.0), transforms.RandomVerticalFlip(1.0)]),
    "all": transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomRotation(90)]),
}


@pytest.fixture(params=RANDOM)
def transform(request):
    return RANDOM[request.param]


def test_each_image_of_a_batch_is_treated_as_it_would_be_alone(transform):
    u = Draws(3, 0)(np.arange(6), transform.draws)
    images = engine.tensor(IMAGES)
    whole = transform.varied(images, u)
    assert whole.shape == images.shape
    for k in range(6):
        alone = transform.varied(images[k : k + 1], u[k : k + 1])
        np.testing.assert_allclose(whole[k].numpy(), alone[0].numpy(), atol=1e-6)
    assert not engine.equal(whole, images)
    assert engine.equal(images, engine.tensor(IMAGES))


def test_the_default_generator_decides_where_no_numbers_are_given(transform):
    images = engine.tensor(IMAGES)
    engine.manual_seed(5)
    first = transform.batch(images)
    second = transform.batch(images)
    engine.manual_seed(5)
    assert engine.equal(transform.batch(images), first)
    assert not engine.equal(first, second)


def test_measuring_leaves_nothing_to_chance_and_keeps_the_shape(transform):
    images = engine.tensor(IMAGES)
    still = transform.still(images)
    assert still.shape == transform.batch(images).shape
    assert engine.equal(still, transform.still(images))


def test_bytes_stay_bytes(transform):
    stored = (IMAGES * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    out = transform.batch(stored)
    assert (type(out), out.dtype, out.shape) == (np.ndarray, np.uint8, stored.shape)


def test_a_sample_of_several_leading_axes_is_a_batch():
    flip = transforms.RandomHorizontalFlip(1.0)
    images = engine.tensor(IMAGES).reshape(2, 3, 3, 16, 12)
    assert engine.equal(flip(images), images.flip(-1))
    assert engine.equal(flip(images[0, 0]), images[0, 0].flip(-1))


def test_numbers_depend_on_seed_epoch_and_sample_alone():
    rows = np.array([7, 2, 100])
    one = Draws(1, 4)(rows, 5)
    np.testing.assert_array_equal(Draws(1, 4)(rows[::-1].copy(), 5), one[::-1])
    np.testing.assert_array_equal(Draws(1, 4)(rows[1:2], 5)[0], one[1])
    others = [Draws(2, 4)(rows, 5), Draws(1, 5)(rows, 5)]
    assert not any((one == other).any() for other in others)
    many = Draws(0, 0)(np.arange(4000), 3)
    assert (many >= 0).all()
    assert (many < 1).all()
    np.testing.assert_allclose(many.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(many.T) - np.eye(3), 0, atol=0.06)


def test_a_transform_that_draws_nothing_is_the_same_for_all():
    images = engine.tensor(IMAGES)
    assert engine.equal(transforms.RandAugment(num_ops=0).batch(images), images)
    assert engine.equal(
        transforms.Compose([transforms.RandAugment(0), transforms.Pad(0)]).batch(images), images
    )
    assert Draws(-1, 0)(np.arange(2), 3).shape == (2, 3)


def test_a_users_own_random_transform_takes_its_numbers():
    class Noise(RandomTransform):
        draws = 2

        def varied(self, samples, u):
            return samples + engine.tensor(u.sum(axis=1).astype(np.float32)).reshape(-1, 1, 1, 1)

    chain = transforms.Compose([transforms.RandomHorizontalFlip(0.0), Noise()])
    u = Draws(0, 0)(np.arange(6), chain.draws)
    out = chain.varied(engine.tensor(IMAGES), u) - engine.tensor(IMAGES)
    np.testing.assert_allclose(out.amax((1, 2, 3)).numpy(), u[:, 1:].sum(axis=1), atol=1e-5)
    assert engine.equal(chain.still(engine.tensor(IMAGES)), engine.tensor(IMAGES))


def test_crops_come_from_every_place():
    image = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    crops = transforms.RandomCrop(3).batch(engine.tensor(np.repeat(image, 200, 0))).numpy()
    assert {int(c[0, 0, 0]) for c in crops} == {0, 1, 4, 5}
    np.testing.assert_array_equal(
        crops - crops[:, :, :1, :1], np.broadcast_to(image[:, :, :3, :3], crops.shape)
    )
    with pytest.raises(ShapeError, match="5 x 5 can't be cut out of 4 x 4"):
        transforms.RandomCrop(5)(engine.tensor(image[0]))
    assert transforms.RandomCrop(5, pad_if_needed=True)(engine.tensor(image[0])).shape == (1, 5, 5)


def test_resized_crops_have_shares_and_ratios_within_their_ranges():
    crop = transforms.RandomResizedCrop(8, scale=(0.25, 0.5), ratio=(0.5, 2.0))
    # along each axis a ramp's slope after scaling says how large the part was
    ramp = np.stack(np.broadcast_arrays(np.arange(64.0)[:, None], np.arange(64.0)[None, :]))
    images = engine.tensor(np.repeat(ramp[None], 300, 0))
    out = crop.batch(images).numpy()
    height = (out[:, 0, 5, 4] - out[:, 0, 3, 4]) * 4
    width = (out[:, 1, 4, 5] - out[:, 1, 4, 3]) * 4
    share, ratio = height * width / 64**2, width / height
    assert 0.24 < share.min() < 0.28
    assert 0.47 < share.max() < 0.51
    assert 0.48 < ratio.min() < 0.6
    assert 1.7 < ratio.max() < 2.1


def test_an_erased_rectangle_has_a_share_within_its_range():
    out = (
        transforms.RandomErasing(1.0, scale=(0.1, 0.2), value=5.0).batch(engine.zeros(300, 1, 40, 40)).numpy()
    )
    share = (out == 5).mean(axis=(1, 2, 3))
    assert 0.08 < share.min() < 0.12
    assert 0.17 < share.max() < 0.22
    rows = (out == 5).any(axis=3).sum(axis=(1, 2))
    columns = (out == 5).any(axis=2).sum(axis=(1, 2))
    np.testing.assert_array_equal(rows * columns, (out == 5).sum(axis=(1, 2, 3)))


def test_probabilities_are_kept():
    flipped = transforms.RandomHorizontalFlip(0.25).batch(engine.tensor(np.repeat([[[[0.0, 1.0]]]], 4000, 0)))
    assert flipped[:, 0, 0, 0].mean().item() == pytest.approx(0.25, abs=0.03)
    kept = transforms.RandomApply([transforms.Lambda(lambda x: x + 1)], 0.7).batch(
        engine.zeros(4000, 1, 1, 1)
    )
    assert kept.mean().item() == pytest.approx(0.7, abs=0.03)
    either = [transforms.Lambda(lambda x: x + 1), transforms.Lambda(lambda x: x + 10)]
    chosen = transforms.RandomChoice(either, [1.0, 3.0]).batch(engine.zeros(4000, 1, 1, 1)).numpy().ravel()
    assert sorted(set(chosen)) == [1, 10]
    assert (chosen == 10).mean() == pytest.approx(0.75, abs=0.03)


def test_a_blur_of_one_width_is_not_random():
    blur = transforms.GaussianBlur(5, 1.5)
    images = engine.tensor(IMAGES)
    before = engine.get_rng_state().tolist()
    out = blur.batch(images)
    assert engine.get_rng_state().tolist() == before
    assert engine.equal(out, blur.still(images))
    window = np.exp(-0.5 * (np.arange(-2, 3) / 1.5) ** 2)
    window /= window.sum()
    around = np.pad(IMAGES[0, 0], 2, "reflect")[3 : 3 + 5, 4 : 4 + 5]
    assert out[0, 0, 3, 4].item() == pytest.approx(window @ around @ window, abs=1e-6)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ShapeError, match="must be a probability"):
        transforms.RandomHorizontalFlip(1.5)
    with pytest.raises(ShapeError, match="expand would give every image a size of its own"):
        transforms.RandomRotation(3, expand=True)
    with pytest.raises(ShapeError, match="magnitude 31 must be"):
        transforms.RandAugment(magnitude=31)
    with pytest.raises(ShapeError, match="one odd number"):
        transforms.GaussianBlur(4)
    with pytest.raises(ShapeError, match="hue must be"):
        transforms.ColorJitter(hue=0.7)
    with pytest.raises(EngineError, match="never changed in place"):
        transforms.RandomErasing(inplace=True)  # type: ignore[arg-type]  # what is refused
    shrinking = transforms.RandomApply([transforms.Resize((4, 4))])
    with pytest.raises(ShapeError, match="must stay of one kind with the rest"):
        shrinking.varied(engine.tensor(IMAGES), np.array([[0.1], [0.9]] * 3))


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_proportions_are_betas(alpha):
    stats = pytest.importorskip("scipy.stats", reason="scipy knows the distribution")
    engine.manual_seed(0)
    drawn = beta(uniforms(4000, transforms.MixUp().draws), alpha)
    assert stats.kstest(drawn, stats.beta(alpha, alpha).cdf).pvalue > 0.01


def test_mixup_blends_images_and_classes_alike():
    images = engine.eye(4, dtype=engine.float64).reshape(4, 4, 1, 1)
    mixed, shares = transforms.MixUp(alpha=0.8, num_classes=4)(images, engine.arange(4))
    np.testing.assert_allclose(mixed.reshape(4, 4).numpy(), shares.numpy(), atol=1e-6)
    np.testing.assert_allclose(shares.sum(1).numpy(), 1, atol=1e-6)
    share = shares.numpy()[np.arange(4), np.arange(4)]
    assert len(set(share.tolist())) == 4  # each image in a proportion of its own
    again, _ = transforms.MixUp()(images, shares)
    assert again.shape == images.shape


def test_cutmix_shares_classes_by_area():
    images = engine.arange(6).reshape(6, 1, 1, 1).expand(6, 1, 20, 30).float()
    mixed, shares = transforms.CutMix(num_classes=6)(images, engine.arange(6))
    for k in range(6):
        own = (mixed[k] == k).float().mean().item()
        assert own == pytest.approx(shares[k, k].item(), abs=1e-6)
        assert set(mixed[k].numpy().ravel()) <= {k, (k - 1) % 6}
    assert shares.numpy().min() >= 0


def test_mixing_says_what_it_needs():
    images = engine.rand(2, 1, 4, 4)
    with pytest.raises(EngineError, match="needs num_classes"):
        transforms.MixUp()(images, engine.tensor([0, 1]))
    with pytest.raises(ShapeError, match="classes reach 5, and num_classes is 3"):
        transforms.CutMix(num_classes=3)(images, engine.tensor([0, 5]))
    with pytest.raises(ShapeError, match="takes floating-point images"):
        transforms.MixUp(num_classes=2)(images[0], engine.tensor([0]))


def test_dtypes_keep_black_and_white():
    values = np.array([[[0, 1, 128, 255]]], np.uint8)
    half = transforms.ConvertImageDtype()(engine.tensor(values))
    np.testing.assert_allclose(half.numpy(), values / 255, atol=1e-7)
    assert engine.equal(transforms.ToDtype(engine.uint8, scale=True)(half), engine.tensor(values))
    assert transforms.ToDtype(engine.float32)(engine.tensor(values)).tolist() == [[[0, 1, 128, 255]]]
    assert transforms.ConvertImageDtype(engine.int16)(engine.tensor(values)).tolist() == [
        [[0, 128, 16384, 32640]]
    ]
