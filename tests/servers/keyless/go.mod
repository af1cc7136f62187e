module example.com/keyless

go 1.26
