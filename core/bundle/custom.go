package bundle

// custom returns options with your own agents and tools, which are added to what the
// environment describes. It is called when the runtime is built:
//
//	type WeatherQuery struct {
//		City string `json:"city" jsonschema:"the city to look up"`
//	}
//
//	func custom(settings *Settings) ([]Option, error) {
//		weather := agent.Tool("get_weather", "Returns the weather in a city.",
//			func(ctx context.Context, in WeatherQuery) (Weather, error) {
//				return lookUpWeather(ctx, in.City)
//			})
//		return []Option{
//			WithTool(weather),
//			WithAgent("support", newSupportAgent()),
//		}, nil
//	}
func custom(*Settings) ([]Option, error) {
	return nil, nil
}
