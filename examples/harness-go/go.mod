module harness-go

go 1.21

require telltale.example/harness v0.1.0

replace telltale.example/harness => ../../kits/go
