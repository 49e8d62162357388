#!/bin/sh
# Work for a moment, and write down when it began and ended.
echo "begin $1" >> diary
sleep 0.2
echo "end $1" >> diary
