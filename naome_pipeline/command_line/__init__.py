"""The commands of `naome`, by what they are for."""
