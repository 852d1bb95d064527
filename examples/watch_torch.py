"""A PyTorch loop of your own and two lines more: a window opens that follows it, or `nnviz3d watch` shows it elsewhere. Needs PyTorch."""

import torch
from torch import nn

import nnviz3d as nv

torch.manual_seed(1)
STEPS = 600


def stripes(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of 12 x 12 pixels with stripes, noisy: lying (0), standing (1) or slanted (2)."""
    kind, width, shift = torch.randint(3, (count,)), 0.7 + torch.rand(count, 1, 1), 6 * torch.rand(count, 1, 1)
    row, column = torch.arange(12.0).reshape(1, 12, 1), torch.arange(12.0).reshape(1, 1, 12)
    along = torch.stack([row + 0 * column, column + 0 * row, row + column])[:, 0][kind]
    return torch.sin(along * width + shift)[:, None] + 0.4 * torch.randn(count, 1, 12, 12), kind


model = nn.Sequential(
    nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 12, 3), nn.BatchNorm2d(12), nn.ReLU(), nn.Flatten(), nn.Linear(108, 3)
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
view = nv.watch(model, optimizer, sample=stripes(1), name="stripes")
for _ in range(STEPS):
    x, target = stripes(32)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), target)
    loss.backward()
    optimizer.step()
    view.step(loss=loss)
model.eval()
x, target = stripes(1000)
accuracy = (model(x).argmax(1) == target).float().mean().item()
view.close()
print(f"{STEPS} steps, loss {loss.item():.3f}, accuracy on new stripes {accuracy:.1%}")
