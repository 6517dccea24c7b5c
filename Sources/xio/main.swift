import XIOCommands

Program.main()
