//go:build ignore

// This program writes testdata/kubernetes.txt: the fields of the kinds of Kubernetes that
// the examples use, from the Go types of Kubernetes' API. Compiling these takes longer than
// all of the other checks together, so the checks read the list. To bring it up to date:
//
//	dir=$(mktemp -d) && cp kubernetes_fields.go $dir/main.go && sed -i 1d $dir/main.go
//	(cd $dir && go mod init fields && go get k8s.io/api@latest && go mod tidy && go run . ) >testdata/kubernetes.txt
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// kinds are what a manifest may begin with.
var kinds = map[string]any{
	"apps/v1 Deployment":                     appsv1.Deployment{},
	"apps/v1 StatefulSet":                    appsv1.StatefulSet{},
	"autoscaling/v2 HorizontalPodAutoscaler": autoscalingv2.HorizontalPodAutoscaler{},
	"networking.k8s.io/v1 Ingress":           networkingv1.Ingress{},
	"networking.k8s.io/v1 NetworkPolicy":     networkingv1.NetworkPolicy{},
	"policy/v1 PodDisruptionBudget":          policyv1.PodDisruptionBudget{},
	"v1 Service":                             corev1.Service{},
}

// lines are the types, each with its fields.
var lines = map[string]string{}

func main() {
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		of := reflect.TypeOf(kinds[kind])
		fmt.Printf("%s = %s\n", kind, nameOf(of))
		describe(of)
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		fmt.Printf("%s:%s\n", name, lines[name])
	}
}

func describe(of reflect.Type) {
	name := nameOf(of)
	if _, known := lines[name]; known {
		return
	}
	lines[name] = ""
	var fields strings.Builder
	add(&fields, of)
	lines[name] = fields.String()
}

func add(fields *strings.Builder, of reflect.Type) {
	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if strings.Contains(options, "inline") || name == "" && field.Anonymous {
			add(fields, field.Type)
		} else if name != "" && name != "-" {
			fmt.Fprintf(fields, " %s=%s", name, word(field.Type))
		}
	}
}

// word is the type of a value: text, number, yes (true or false), scalar (text or a
// number), the name of a type, or one of these after [] for a list and {} for a map.
func word(of reflect.Type) string {
	if reflect.PointerTo(of).Implements(reflect.TypeFor[json.Unmarshaler]()) && of.Kind() == reflect.Struct {
		return "scalar" // quantities, times, and what is a number or a name
	}
	switch of.Kind() {
	case reflect.Pointer:
		return word(of.Elem())
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "text"
		}
		return "[]" + word(of.Elem())
	case reflect.Map:
		return "{}" + word(of.Elem())
	case reflect.Struct:
		describe(of)
		return nameOf(of)
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "yes"
	default:
		return "number"
	}
}

func nameOf(of reflect.Type) string {
	_, name, _ := strings.Cut(of.String(), ".")
	version := of.PkgPath()[strings.LastIndex(of.PkgPath(), "/")+1:]
	if version == "v1" {
		return name
	}
	return version + name
}
