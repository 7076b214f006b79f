/// Of the program, and of the files that it writes.
let programVersion = "0.2.0"
