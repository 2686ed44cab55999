package agent

// Use wraps an agent in middlewares, the first outermost. The optional interfaces
// that the wrapped agent implements stay reachable with [As], even if a middleware
// doesn't implement them.
func Use(inner Agent, middlewares ...Middleware) Agent {
	for i := len(middlewares) - 1; i >= 0; i-- {
		inner = wrapped{Agent: middlewares[i](inner), inner: inner}
	}
	return inner
}

// wrapped is an agent that a middleware returned, and the one inside of it.
type wrapped struct {
	Agent
	inner Agent
}

// Unwrap returns the middleware's agent and the one inside, in that order.
func (w wrapped) Unwrap() []Agent { return []Agent{w.Agent, w.inner} }

// As returns the first agent that is a T: a itself, or, if it has a method
// Unwrap() Agent or Unwrap() []Agent, one of those that it wraps. T is an optional
// interface such as [Describer], or the type of an agent.
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
