package bundle

// custom is the place for agents and tools of your own. It runs once, when the
// runtime is built; what it returns is added to what the environment describes:
//
//	type WeatherQuery struct {
//		City string `json:"city" jsonschema:"the city to look up"`
//	}
//
//	func custom(settings *Settings) ([]Option, error) {
//		weather := agent.Tool("get_weather", "Tells the weather in a city.",
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
