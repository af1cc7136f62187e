package build

import "testing"

func TestWarm(t *testing.T) { Warm() }
