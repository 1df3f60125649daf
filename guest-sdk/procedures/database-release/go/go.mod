module database-release

go 1.24

require lockstep v0.0.0

replace lockstep => ../../../go
