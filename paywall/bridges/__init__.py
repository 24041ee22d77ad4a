"""Answers the leaves' ports, one file per leaf."""
