module akua.dev/engines/wire

go 1.26.0
