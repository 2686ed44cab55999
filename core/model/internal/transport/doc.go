// Package transport is what all dialects share between a provider's protocol and the
// network: where the model is and with what key, tools that the provider takes,
// retries, time limits, and errors that are safe to show.
//
// A dialect encodes a request, and decodes the answer:
//
//	return endpoint.Stream(ctx, request, func(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
//		… encode …
//		return x.Post(url, body, sign)
//	}, func(x *transport.Exchange, body io.Reader, send transport.Send) error {
//		for event, err := range agui.ReadSSE(body, 0) { … }
//	})
package transport
