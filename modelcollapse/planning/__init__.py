"""What a sweep would take, here and on clusters that are not there; and what this machine is fit for."""
