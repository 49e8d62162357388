# Stands in for the program that keeps your passwords. It is run once, when the first task needs it.
echo "asked for $1" >> asked.log
test "$1" = shop-token && echo correct-horse-battery-staple
