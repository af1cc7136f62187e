package render

import "testing"

func TestWarm(t *testing.T) { Warm() }
