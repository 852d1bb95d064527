"""Every label and tooltip of the panels, by the scene's path: what it is, its unit, what it does."""

from __future__ import annotations

HINTS: dict[str, tuple[str, str]] = {
    "data.kind": ("Data set", "What the network learns. Choosing another one starts a new network of the right size."),
    "data.seed": ("Seed", "Starts the random numbers that generate or split the data. The same seed gives the same data."),
    "data.test_fraction": (
        "Test share",
        "Share of the samples (0 to 0.9) held out as the test set. The network never trains on them, so they show how well it generalises.",
    ),
    "data.standardize": ("Standardise", "Shift and scale each input to mean 0 and standard deviation 1, measured on the training set."),
    "data.standardize_target": (
        "Scale target",
        "Numeric targets are learned with mean 0 and standard deviation 1 (of the training set) and shown in their own unit. auto: for "
        "targets from your own files, unless the loss or the output needs the original values, or unstandardised inputs are as large.",
    ),
    "data.split": (
        "Test rows",
        "random: drawn with the seed. last: the last rows, for time series. auto: the last rows if inputs are lagged (values of earlier "
        "rows).",
    ),
    "data.samples": ("Samples", "Number of samples to generate. 0: the generator's own default."),
    "data.noise": ("Noise", "How far the points are scattered, as a fraction (0 to 0.5)."),
    "data.inputs": ("Inputs", "Number of input values per sample."),
    "data.classes": ("Classes", "Number of classes."),
    "data.shape": ("Show as image", "Shows the inputs as a square image instead of one long row."),
    "data.target": ("Target", "The column to predict from the others."),
    "data.header": ("Header row", "Whether the first line contains the column names."),
    "data.task": ("Task", "Classification assigns a class; regression predicts a number."),
    "data.side": ("Input size", "Rows and columns to which each picture is scaled."),
    "data.color": ("Colour", "Red, green and blue as three channels; otherwise the pictures are grey."),
    "data.targets": (
        "Targets",
        "What is learned. The inputs: the network learns to give back the picture that it is given (an autoencoder).",
    ),
    "data.augment.shift": ("Shift", "Each training picture is moved by up to so many pixels, by another distance each time."),
    "data.augment.rotate": ("Rotate", "Each training picture is turned by up to so many degrees, to the left or to the right."),
    "data.augment.flip": ("Mirror", "Every other training picture is mirrored left to right. Not for digits or letters."),
    "data.augment.noise": ("Add noise", "Standard deviation of the normal noise that is added to each training input."),
    "data.features": ("Features", "Features computed from each point (x1, x2). Select any of them; at least one must stay on."),
    "train.learning_rate": (
        "Learning rate",
        "How far each step moves the weights against the gradient (no unit). Too large: training diverges. Too small: it is very slow.",
    ),
    "train.batch": (
        "Batch",
        "Samples per mini-batch, that is per step. 0: the whole training set. A larger batch gives a less noisy gradient and slower steps.",
    ),
    "train.optimizer": (
        "Optimiser",
        "The rule that turns gradients into weight changes. sgd: stochastic gradient descent. Changing it keeps the weights; the "
        "optimiser's state is cleared and the step counter restarts.",
    ),
    "train.momentum": ("Momentum", "Fraction of the previous update that is carried over into the next (0 to 1)."),
    "train.beta1": ("Beta 1", "Decay rate of the running mean of the gradient (0 to 1). 0.9 averages over about 10 steps."),
    "train.beta2": ("Beta 2", "Decay rate of the running mean of the squared gradient (0 to 1). 0.999 averages over about 1,000 steps."),
    "train.rho": ("Rho", "Decay rate of the running mean of the squared gradient (0 to 1)."),
    "train.epsilon": ("Epsilon", "A small number that prevents division by zero in the optimiser."),
    "train.weight_decay": ("Weight decay", "Each step shrinks every weight and bias by this fraction times the learning rate."),
    "train.loss": (
        "Loss",
        "The quantity that training minimises. auto: cross-entropy for classes, mean squared error (MSE) for numbers. Changing it keeps "
        "the weights.",
    ),
    "train.huber_delta": (
        "Huber delta",
        "Errors larger than this count linearly. In standard deviations if the target is standardised, otherwise in the target's unit.",
    ),
    "train.class_weights": (
        "Class weights",
        "balanced: samples of rare classes get larger weights, so that every class contributes equally to the loss (the mean of the "
        "weighted losses). For weights of your own, write a list or a table into the scene file.",
    ),
    "train.schedule": ("Schedule", "How the learning rate changes over the steps."),
    "train.schedule_steps": ("Every", "step: steps between two drops. cosine: steps until the lowest rate is reached."),
    "train.schedule_factor": (
        "Factor",
        "step: the rate is multiplied by this at each drop. cosine: the lowest rate, as a fraction of the initial rate.",
    ),
    "train.warmup": (
        "Warm-up",
        "Number of steps over which the learning rate rises to its full value: step k of n uses k / n of it. A schedule starts afterwards.",
    ),
    "train.l1": (
        "L1",
        "L1 regularisation: pulls every weight (no bias) towards 0 at a constant rate, which makes many of them 0 or nearly 0 (no unit). "
        "It "
        "is part of the gradient but not of the displayed loss.",
    ),
    "train.l1_dead_at_zero": (
        "L1 pruning",
        "As in TensorFlow Playground: a weight that L1 would push past 0 is set to 0 and stays 0.",
    ),
    "train.l2": (
        "L2",
        "L2 regularisation: pulls every weight (no bias) towards 0 in proportion to its size (no unit). It is part of the gradient but not "
        "of the displayed loss.",
    ),
    "train.clip_norm": (
        "Clip norm",
        "A gradient whose norm (length, including L1 and L2) is larger than this is scaled down to it. 0: off.",
    ),
    "train.order": ("Order", "shuffle: a new random order in each epoch. sequential: the order in the file."),
    "train.seed": ("Seed", "Starts the random numbers of the initial weights and the batches. Changing it restarts training."),
    "train.steps": ("Step", "Training stops at this step. 0: never. Press Play to continue."),
    "train.stop_epoch": (
        "Epoch",
        "Training stops at the end of this epoch (one pass through the training set). 0: never. Press Play to continue.",
    ),
    "train.stop_train_loss": (
        "Train loss below",
        "Training stops when the loss on the training set (of standardised targets, if they are standardised) falls below this value. "
        "Checked every few steps, without dropout, on up to 2,000 evenly drawn samples, and on all samples before stopping. 0: never.",
    ),
    "train.stop_test_loss": (
        "Test loss below",
        "Training stops when the loss on the test set (of standardised targets, if they are standardised) falls below this value. "
        "Checked every few steps on up to 2,000 evenly drawn samples, and on all samples before stopping. 0: never.",
    ),
    "train.stop_accuracy": (
        "Test accuracy",
        "Training stops when the accuracy on the test set (0 to 1) reaches this value. Checked every few steps on up to 2,000 evenly "
        "drawn samples, and on all samples before stopping. 0: never.",
    ),
    "train.steps_per_second": ("Steps / s", "Training steps per second. 0: as many as possible between two frames."),
    "network.output.activation": ("Output", "Activation function of the output layer. auto: softmax for classes, linear for numbers."),
    "view.follow": ("Auto-advance", "Show another sample every few seconds."),
    "view.labels": ("Labels", "Show the names of classes and layers beside the network."),
    "view.plate": (
        "Decision plate",
        "For two-dimensional data: the network's answer at every point of the plane. The colour is the class, the brightness the "
        "confidence. Dots are training samples, the ring is the displayed sample.",
    ),
    "view.thumbnails": (
        "Neuron images",
        "For data with a plane: each neuron shows its own activation at every point of the plane. Blue is positive, orange (yellow) "
        "negative; outputs use the colour of their class. Each neuron has its own scale. The rim shows the activation for the displayed "
        "sample.",
    ),
    "view.plate_x": (
        "Plane, x axis",
        "Two features span a plane: the network's answer over it appears beside the output, and each neuron shows its own activation over "
        "it. The other features keep the values of the displayed sample.",
    ),
    "view.plate_y": ("Plane, y axis", "The feature on the vertical axis of the plane."),
    "view.camera": ("Camera", "The direction of view. Keys 1 to 6."),
    "view.sway": ("Idle sway", "How far the camera swings while idle, in degrees (0 to 2)."),
    "view.pitch": ("Spacing", "Distance between neighbouring neurons, in scene units."),
    "view.fold": (
        "Fold inputs",
        "If there are many more inputs than this, only those with the largest sum of |weights| are drawn, and the rest as one stack. "
        "0: draw all.",
    ),
    "view.layer_gap": ("Layer gap", "Distance between layers, as a multiple of the automatic spacing."),
    "look.edges": (
        "Edges show",
        "The quantity that sets an edge's brightness: the signal (weight × activation), the weight, its gradient, or its last change.",
    ),
    "look.scale": (
        "Scale",
        "each layer: the brightest edge of every layer is equally bright. whole network: all layers share one scale and can be compared.",
    ),
    "look.compare": (
        "Brightness",
        "one for both: equal brightness means equal values in both networks. each its own: each network has its own scale.",
    ),
    "look.palette": ("Palette", "Colours for positive and negative values. safe: distinguishable with any type of colour vision."),
    "look.dashes": ("Dashes", "Draw negative edges dashed, so that the sign does not depend on colour alone."),
    "look.edge_width": ("Edge width", "Width of the edges, as a multiple of the default."),
    "look.edge_energy": (
        "Edge light",
        "Brightness of the edges, as a multiple of the default. Exposure does not depend on the number of edges.",
    ),
    "look.particles": ("Signals", "Number of particles that travel along the strongest edges, as a multiple of the default. 0: none."),
    "look.particle_speed": ("Signal speed", "Speed of the particles, as a multiple of the default."),
    "look.glow": ("Glow", "How far bright light spreads, as a multiple of the default."),
    "look.exposure": ("Exposure", "Brightness of the whole picture, as a multiple of the default."),
    "look.quality": ("Quality", "auto: adjusted to keep the frame rate on this machine. The other levels are fixed."),
    "look.weights": ("Weights", "Inside a step: the weights of the current phase, before the step, after it, or the difference (V)."),
    "look.exaggeration": ("Magnify", "Inside a step: factor by which weight differences are magnified. 0: chosen so that they are "
                                     "visible."),
    "look.ui_scale": ("Text size", "Size of all text and panels (0.5 to 4)."),
}  # fmt: skip

LAYER_HINTS = {
    "units": "Neurons in this layer. Drag, or Ctrl+click to type. The remaining neurons keep their weights; the step counter restarts.",
    "activation": "The activation function of this layer's neurons (relu: rectified linear unit, max(0, z)). Changing it keeps the "
    "weights.",
    "init": "How the initial weights are drawn. auto: matched to the activation function. Changing it draws this layer's weights again.",
    "init_scale": "Factor for the initial weights. Changing it draws this layer's weights again.",
    "bias": "Initial value of every bias in this layer. Changing it draws this layer's weights again.",
    "dropout": "Fraction of this layer's neurons that are switched off at random in each training step (0 to 1).",
}

QUANTITIES = {"signal": "signal  w·a", "weight": "weight  w", "gradient": "gradient  dL/dw", "change": "last change"}
QUANTITY_SYMBOL = {"signal": "|w a|", "weight": "|w|", "gradient": "|dL/dw|", "change": "|change of w|"}

HOLD_WORDS = {
    "frozen": "frozen: its weights and bias are not trained",
    "killed": "killed: it outputs 0, and no error passes back through it",
}

HINT = "New here? Press T for a guided tour. Drag to rotate, click a neuron for its equation, press ? for keys"
SHORT_HINT = "T: guided tour, ?: keys and mouse"
