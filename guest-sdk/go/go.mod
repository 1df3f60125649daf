module lockstep

go 1.24
