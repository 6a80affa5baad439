module telltale.example/harness

go 1.21
