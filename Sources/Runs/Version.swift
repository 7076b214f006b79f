/// Of the program, and of the files that it writes.
package let programVersion = "0.2.0"
