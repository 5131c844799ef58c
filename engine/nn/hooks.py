"""What hangs on a module, and how a call goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.autograd.function import Function, FunctionCtx
from engine.autograd.hooks import Hook, RemovableHandle
from engine.autograd.mode import is_grad_enabled
from engine.autograd.tape import Variable
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.nn.module import Module


class ModuleHooks:
    """The hooks of one module, by the numbers of their handles.

    with_kwargs: numbers of those that see (and may change) keyword arguments
    always: numbers of those that run even if forward or a hook before raises
    """

    def __init__(self) -> None:
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}
        self.backward_before: dict[int, Hook] = {}
        self.backward_after: dict[int, Hook] = {}
        self.state_before: dict[int, Hook] = {}
        self.state_after: dict[int, Hook] = {}
        self.load_before: dict[int, Hook] = {}
        self.load_after: dict[int, Hook] = {}
        self.with_kwargs: dict[int, bool] = {}
        self.always: dict[int, bool] = {}

    def add(
        self,
        hooks: dict[int, Hook],
        hook: Hook,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        handle = RemovableHandle(hooks, hook, self.with_kwargs, self.always, first=prepend)
        if with_kwargs:
            self.with_kwargs[handle.id] = True
        if always_call:
            self.always[handle.id] = True
        return handle

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """forward, between the hooks."""
        done: set[int] = set()
        out = None
        try:
            args, kwargs = self._prepared(module, args, kwargs)
            gradients = _Gradients(module, self) if self._watches_gradients() else None
            if gradients is not None:
                args = gradients.of_inputs(args)
            out = module.forward(*args, **kwargs)
            for number, hook in list(self.after.items()):
                done.add(number)
                out = self._seen(number, hook, module, args, kwargs, out)
            return out if gradients is None else gradients.of_outputs(out)
        except Exception:
            for number, hook in list(self.after.items()):
                if number in self.always and number not in done:
                    self._seen(number, hook, module, args, kwargs, out)
            raise

    def _watches_gradients(self) -> bool:
        return bool(self.backward_before or self.backward_after) and is_grad_enabled()

    def _prepared(
        self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        for number, hook in list(self.before.items()):
            if number not in self.with_kwargs:
                changed = hook(module, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
                continue
            changed = hook(module, args, kwargs)
            if changed is None:
                continue
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise EngineError(
                    f"a forward pre-hook with_kwargs of {type(module).__name__} must return None or "
                    "(args, kwargs), "
                    f"not {changed!r}"
                )
            args, kwargs = changed
        return args, kwargs

    def _seen(
        self, number: int, hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> Any:
        changed = hook(module, args, kwargs, out) if number in self.with_kwargs else hook(module, args, out)
        return out if changed is None else changed


class Hookable:
    """The part of a module that takes hooks."""

    # set on the instance by the first hook, so that calls without hooks cost one look
    _hooks: ModuleHooks | None = None

    def _hooked(self) -> ModuleHooks:
        if self._hooks is None:
            self._hooks = ModuleHooks()
        return self._hooks

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args) before forward; what it returns replaces the arguments.

        prepend: before the hooks that there are
        with_kwargs: call hook(module, args, kwargs), which may return (args, kwargs)
        """
        hooks = self._hooked()
        return hooks.add(hooks.before, hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args, output) after forward; what it returns replaces the output.

        with_kwargs: call hook(module, args, kwargs, output)
        always_call: also where forward raises; the output is None then
        """
        hooks = self._hooked()
        return hooks.add(hooks.after, hook, prepend, with_kwargs, always_call)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when the gradients of the inputs are known.

        Both are tuples; a tuple that the hook returns replaces grad_input.
        """
        hooks = self._hooked()
        return hooks.add(hooks.backward_after, hook, prepend)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) when the outputs' gradients are known, to see or replace them."""
        hooks = self._hooked()
        return hooks.add(hooks.backward_before, hook, prepend)

    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(module, prefix, keep_vars) before the state dict is made."""
        hooks = self._hooked()
        return hooks.add(hooks.state_before, hook)

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, metadata) after; it may change the dict."""
        hooks = self._hooked()
        return hooks.add(hooks.state_after, hook)

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors) before
        loading.

        It may change the dict, which is a copy, and append to the three lists.
        """
        hooks = self._hooked()
        return hooks.add(hooks.load_before, hook)

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(module, incompatible_keys) after loading."""
        hooks = self._hooked()
        return hooks.add(hooks.load_after, hook)


class _Boundary(Function):
    """The same tensors again; its node sees the gradients of all of them at once."""

    @staticmethod
    def forward(ctx: FunctionCtx, *tensors: Any) -> Any:
        ctx.set_materialize_grads(False)
        return tensors

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        return grads


class _Gradients:
    """The gradients of one call: those of the outputs come first, then those of the inputs."""

    def __init__(self, module: Module, hooks: ModuleHooks) -> None:
        self.module = module
        self.hooks = hooks
        self.count = 0
        self.reached = False
        self.grad_outputs: tuple[Any, ...] = ()

    def of_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.count = len(args)
        return self._bounded(args, self._inputs_done, None)

    def of_outputs(self, out: Any) -> Any:
        several = isinstance(out, tuple)
        if not several and not isinstance(out, Variable):
            raise EngineError(
                f"backward hooks of {type(self.module).__name__} need an output that is a tensor or a "
                "tuple of "
                f"tensors, not {type(out).__name__}"
            )
        outs = self._bounded(out if several else (out,), None, self._outputs_done)
        return outs if several else outs[0]

    def _bounded(self, values: tuple[Any, ...], after: Any, before: Any) -> tuple[Any, ...]:
        places = [k for k, x in enumerate(values) if isinstance(x, Variable) and x._requires]
        if not places:
            return values
        self.reached = self.reached or after is not None
        new = list(values)
        bounded = _Boundary.apply(*[values[k] for k in places])
        for k, x in zip(places, bounded, strict=True):
            new[k] = x
        node = bounded[0].grad_fn
        if after is not None:
            node.register_hook(lambda ins, outs: after(places, ins))
        else:
            node.register_prehook(lambda outs: before(places, len(values), outs))
        return tuple(new)

    def _outputs_done(self, places: list[int], count: int, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        full: list[Any] = [None] * count
        for place, g in zip(places, grads, strict=True):
            full[place] = g
        self.grad_outputs = tuple(full)
        for hook in list(self.hooks.backward_before.values()):
            changed = hook(self.module, self.grad_outputs)
            if changed is not None:
                self.grad_outputs = self._as_many(changed, count)
        if not self.reached:
            # no input wants a gradient
            for hook in list(self.hooks.backward_after.values()):
                hook(self.module, (None,) * self.count, self.grad_outputs)
        return tuple(self.grad_outputs[place] for place in places)

    def _inputs_done(self, places: list[int], grads: tuple[Any, ...]) -> tuple[Any, ...]:
        full: list[Any] = [None] * self.count
        for place, g in zip(places, grads, strict=True):
            full[place] = g
        found = tuple(full)
        for hook in list(self.hooks.backward_after.values()):
            changed = hook(self.module, found, self.grad_outputs)
            if changed is not None:
                found = self._as_many(changed, self.count)
        return tuple(found[place] for place in places)

    def _as_many(self, changed: Any, count: int) -> tuple[Any, ...]:
        given = changed if isinstance(changed, tuple) else (changed,)
        if len(given) != count:
            raise EngineError(
                f"a backward hook of {type(self.module).__name__} returned {len(given)} gradients, and "
                "there are "
                f"{count}; return as many, or None to leave them"
            )
        return given
