package agent

// Use wraps an agent in middlewares, the first outermost. What the wrapped
// agent can say of itself (its description, its capabilities) stays reachable
// with [As], whether the middlewares know of it or not.
func Use(inner Agent, middlewares ...Middleware) Agent {
	for i := len(middlewares) - 1; i >= 0; i-- {
		inner = used{Agent: middlewares[i](inner), inner: inner}
	}
	return inner
}

// used is an agent that a middleware made, and the one that it was made from.
type used struct {
	Agent
	inner Agent
}

// Unwrap gives the middleware's agent and then the one inside.
func (u used) Unwrap() []Agent { return []Agent{u.Agent, u.inner} }

// As finds the first agent that is a T: a itself, or, if it has a method
// Unwrap() Agent or Unwrap() []Agent, one of those that it wraps. T is an
// optional interface such as [Describer], or a concrete agent.
func As[T any](a Agent) (T, bool) {
	if t, ok := a.(T); ok {
		return t, true
	}
	switch wrapper := a.(type) {
	case interface{ Unwrap() Agent }:
		return As[T](wrapper.Unwrap())
	case interface{ Unwrap() []Agent }:
		for _, inner := range wrapper.Unwrap() {
			if t, ok := As[T](inner); ok {
				return t, true
			}
		}
	}
	var zero T
	return zero, false
}
