"""The same network on the same batches as PyTorch, and real data learned as well as promised."""

import numpy as np
import pytest

import engine
from engine.training import Callbacks, Trainer
from engine.training.batches import epoch_order
from engine.vision.datasets import MNIST, Digits

STEPS, BATCH = 100, 64
SIMPLENET = {
    "name": "simplenet",
    "input": {"shape": [1, 28, 28], "dtype": "float32"},
    "layers": [
        {"type": "Flatten"},
        {"name": "fc1", "type": "Linear", "in_features": 784, "out_features": 128},
        {"type": "ReLU"},
        {"name": "fc2", "type": "Linear", "in_features": 128, "out_features": 10},
    ],
}
JOB = {
    "transforms": [{"type": "ToTensor"}],
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.01},
    "epochs": 1,
    "batch_size": BATCH,
    "metrics": ["accuracy"],
}


class Losses(Callbacks):
    def __init__(self):
        self.values = []

    def on_metrics(self, batch):
        for column in batch:
            if column.key == "loss":
                self.values.extend(column.values.tolist())


def simplenet(torch):
    class SimpleNet(torch.nn.Module):  # type: ignore[name-defined, misc]  # a fixture has no types
        def __init__(self):
            super().__init__()
            self.fc1 = torch.nn.Linear(784, 128)
            self.fc2 = torch.nn.Linear(128, 10)

        def forward(self, x):
            return self.fc2(torch.relu(self.fc1(torch.flatten(x, 1))))

    return SimpleNet()


@pytest.fixture(scope="module")
def images(mnist_dir):
    whole = MNIST(mnist_dir, train=True)
    return whole.data[: STEPS * BATCH], whole.targets[: STEPS * BATCH]


OPTIMIZERS = {
    "SGD": ({"type": "SGD", "lr": 0.01}, lambda optim, p: optim.SGD(p, lr=0.01)),
    "momentum": (
        {"type": "SGD", "lr": 0.01, "momentum": 0.9, "weight_decay": 1e-4, "nesterov": True},
        lambda optim, p: optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True),
    ),
    "Adam": ({"type": "Adam", "lr": 1e-3}, lambda optim, p: optim.Adam(p, lr=1e-3)),
    "AdamW": ({"type": "AdamW", "lr": 1e-3}, lambda optim, p: optim.AdamW(p, lr=1e-3)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_losses_are_those_of_torch_for_a_hundred_steps(torch, name, images, tmp_path):
    document, make = OPTIMIZERS[name]
    trainer = Trainer.from_job({**JOB, "optimizer": document}, SIMPLENET, {"train": images})
    net = simplenet(torch)
    start = {key: torch.from_numpy(w.numpy().copy()) for key, w in trainer.model.state_dict().items()}
    net.load_state_dict(start, strict=True)
    listener = Losses()
    trainer.fit(listener)

    optimizer, criterion, expected = make(torch.optim, net.parameters()), torch.nn.CrossEntropyLoss(), []
    x = torch.from_numpy(images[0].astype(np.float32) / 255).unsqueeze(1)
    y = torch.from_numpy(images[1])
    order = torch.from_numpy(epoch_order(len(x), seed=0, epoch=0))
    for rows in order.split(BATCH):
        loss = criterion(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    assert len(listener.values) == STEPS
    np.testing.assert_allclose(listener.values, expected, rtol=2e-4)


def test_saved_weights_load_into_torch_and_give_the_same_logits(torch, images, tmp_path):
    from safetensors.torch import load_file

    trainer = Trainer.from_job(JOB, SIMPLENET, {"train": images})
    trainer.fit()
    trainer.save_weights(tmp_path / "weights.safetensors")
    net = simplenet(torch)
    net.load_state_dict(load_file(tmp_path / "weights.safetensors"), strict=True)
    x = images[0][:500, None].astype(np.float32) / 255
    ours = trainer.model.eval()(engine.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours, net(torch.from_numpy(x)).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_demos_digits_are_learned_whatever_the_seed(seed):
    train, test = Digits(train=True), Digits(train=False)
    layers = [{"type": "Flatten"}, {"name": "fc1", "type": "Linear", "out_features": 128}, {"type": "ReLU"}]
    model = {
        "input": {"shape": [1, 8, 8]},
        "layers": [*layers, {"name": "fc2", "type": "Linear", "out_features": 10}],
    }
    job = {
        **JOB,
        "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9},
        "epochs": 20,
        "batch_size": 32,
        "seed": seed,
        "evaluate": {"split": "test", "every": 20},
    }
    splits = {"train": (train.data, train.targets), "test": (test.data, test.targets)}
    assert Trainer.from_job(job, model, splits).fit().metrics["test_accuracy"] >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "epochs", "accuracy"),
    [
        # over seeds PyTorch itself reaches 0.9296 to 0.9300 with these numbers, and the engine 0.928 to 0.932
        ({"type": "SGD", "lr": 0.01}, 10, 0.925),
        ({"type": "SGD", "lr": 0.01, "momentum": 0.9}, 3, 0.95),
    ],
)
def test_mnist_is_learned_as_well_as_by_torch(optimizer, epochs, accuracy, mnist_dir):
    train, test = MNIST(mnist_dir, train=True), MNIST(mnist_dir, train=False)
    evaluate = {"split": "test", "every": epochs}
    job = {**JOB, "optimizer": optimizer, "epochs": epochs, "evaluate": evaluate}
    splits = {"train": (train.data, train.targets), "test": (test.data, test.targets)}
    assert Trainer.from_job(job, SIMPLENET, splits).fit().metrics["test_accuracy"] >= accuracy
